package rescue

// SearchTrees is the one script that looks at a whole container.
const SearchTrees = searchTrees

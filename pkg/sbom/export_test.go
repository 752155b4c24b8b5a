package sbom

// ModulesOf lets tests say what a program was made of.
var ModulesOf = modulesOf

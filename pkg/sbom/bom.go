package sbom

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"regexp"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/package-url/packageurl-go"
)

// Subject is the image that a bill of materials is about.
type Subject struct {
	Name string // as it was asked for
	ID   string
	// Tool is the version of the program that looked.
	Tool string
}

// URL is the package URL, which tells packages apart.
func (p Package) URL() string {
	var qualifiers packageurl.Qualifiers
	if p.Arch != "" {
		qualifiers = packageurl.Qualifiers{{Key: "arch", Value: p.Arch}}
	}
	return packageurl.NewPackageURL(string(p.Type), p.Namespace, p.Name, p.Version, qualifiers, "").ToString()
}

// Write writes the bill of materials of an image as indented JSON.
func (i Inventory) Write(w io.Writer, about Subject) error {
	bom := i.bom(about)
	var unnumbered bytes.Buffer
	if err := encode(&unnumbered, bom); err != nil {
		return err
	}
	bom.SerialNumber = serialOf(unnumbered.Bytes())
	return encode(w, bom)
}

func encode(w io.Writer, bom *cdx.BOM) error {
	return cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).
		EncodeVersion(bom, cdx.SpecVersion1_6)
}

// serialOf is a UUID (version 8, of RFC 9562) of a text.
func serialOf(text []byte) string {
	sum := sha256.Sum256(text)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func (i Inventory) bom(about Subject) *cdx.BOM {
	components := []cdx.Component{}
	for _, p := range i.Packages {
		components = append(components, p.component())
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Component: &cdx.Component{BOMRef: about.ID, Type: cdx.ComponentTypeContainer, Name: about.Name, Version: about.ID},
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{
			{Type: cdx.ComponentTypeApplication, Name: "hal-controller", Version: about.Tool},
		}},
	}
	bom.Components = &components
	return bom
}

func (p Package) component() cdx.Component {
	url := p.URL()
	occurrences := []cdx.EvidenceOccurrence{}
	for _, location := range p.Locations {
		occurrences = append(occurrences, cdx.EvidenceOccurrence{Location: location})
	}
	return cdx.Component{
		BOMRef: url, PackageURL: url, Type: cdx.ComponentTypeLibrary,
		Group: p.Namespace, Name: p.Name, Version: p.Version, Licenses: licensesOf(p.License),
		Evidence: &cdx.Evidence{Occurrences: &occurrences},
	}
}

// expression is what an SPDX expression looks like. One identifier is one, too.
var expression = regexp.MustCompile(`^\(?[A-Za-z0-9][A-Za-z0-9.+-]*( (AND|OR|WITH) \(?[A-Za-z0-9][A-Za-z0-9.+-]*\)?)*\)?$`)

// licensesOf is nil where nothing is said. What is no SPDX expression, npm's
// "UNLICENSED" for one, is given as a name.
func licensesOf(license string) *cdx.Licenses {
	switch {
	case license == "":
		return nil
	case expression.MatchString(license) && license != "UNLICENSED":
		return &cdx.Licenses{{Expression: license}}
	default:
		return &cdx.Licenses{{License: &cdx.License{Name: license}}}
	}
}

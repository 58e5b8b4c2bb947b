package directory

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rendered is the shape of a person's own attributes in SCIM's spelling.
type rendered struct {
	UserName          string             `json:"userName"`
	Name              Name               `json:"name,omitzero"`
	DisplayName       string             `json:"displayName,omitempty"`
	NickName          string             `json:"nickName,omitempty"`
	ProfileURL        string             `json:"profileUrl,omitempty"`
	Title             string             `json:"title,omitempty"`
	UserType          string             `json:"userType,omitempty"`
	PreferredLanguage string             `json:"preferredLanguage,omitempty"`
	Locale            string             `json:"locale,omitempty"`
	Timezone          string             `json:"timezone,omitempty"`
	Emails            []Value            `json:"emails,omitempty"`
	PhoneNumbers      []Value            `json:"phoneNumbers,omitempty"`
	IMs               []Value            `json:"ims,omitempty"`
	Photos            []Value            `json:"photos,omitempty"`
	Addresses         []Address          `json:"addresses,omitempty"`
	Entitlements      []Value            `json:"entitlements,omitempty"`
	Roles             []Value            `json:"roles,omitempty"`
	Certificates      []Value            `json:"x509Certificates,omitempty"`
	Enterprise        renderedEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitzero"`
}

type renderedEnterprise struct {
	EmployeeNumber string          `json:"employeeNumber,omitempty"`
	CostCenter     string          `json:"costCenter,omitempty"`
	Organization   string          `json:"organization,omitempty"`
	Division       string          `json:"division,omitempty"`
	Department     string          `json:"department,omitempty"`
	Manager        renderedManager `json:"manager,omitzero"`
}

type renderedManager struct {
	Value string `json:"value"`
}

// MarshalJSON renders the attributes that are the person's own, in SCIM's spelling.
func (u *User) MarshalJSON() ([]byte, error) { return u.render() }

// UnmarshalJSON reads what MarshalJSON has rendered. Fields that are not rendered stay as they are.
func (u *User) UnmarshalJSON(text []byte) error {
	var r rendered
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("read attributes of a user: %w", err)
	}
	u.take(r)
	u.Extra = nil
	if !mayHaveForeign(text) {
		return nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("read extensions of a user: %w", err)
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return !foreign(name) })
	if len(all) > 0 {
		u.Extra = all
	}
	return nil
}

// mayHaveForeign tells whether rendered attributes may have the URN of another extension than the one User has fields for.
// Looking is cheaper than reading.
func mayHaveForeign(text []byte) bool {
	const quoted = `"urn:`
	for {
		at := bytes.IndexByte(text, ':')
		if at < 0 {
			return false
		}
		from := at + 1 - len(quoted)
		if from >= 0 && strings.EqualFold(string(text[from:at+1]), quoted) && !bytes.HasPrefix(text[from+1:], []byte(EnterpriseURN+`"`)) {
			return true
		}
		text = text[at+1:]
	}
}

// foreign tells whether a key is the URN of an extension that User has no fields for.
func foreign(name string) bool {
	return len(name) > 4 && strings.EqualFold(name[:4], "urn:") && name != EnterpriseURN
}

func (u *User) render() ([]byte, error) {
	text, err := json.Marshal(rendered{
		UserName: u.UserName, Name: u.Name, DisplayName: u.DisplayName, NickName: u.NickName, ProfileURL: u.ProfileURL,
		Title: u.Title, UserType: u.UserType, PreferredLanguage: u.PreferredLanguage, Locale: u.Locale, Timezone: u.Timezone,
		Emails: u.Emails, PhoneNumbers: u.PhoneNumbers, IMs: u.IMs, Photos: u.Photos, Addresses: u.Addresses,
		Entitlements: u.Entitlements, Roles: u.Roles, Certificates: u.Certificates,
		Enterprise: renderedEnterprise{
			EmployeeNumber: u.Enterprise.EmployeeNumber, CostCenter: u.Enterprise.CostCenter, Organization: u.Enterprise.Organization,
			Division: u.Enterprise.Division, Department: u.Enterprise.Department, Manager: renderedManager{Value: u.Enterprise.Manager},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("render a user: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(u.Extra)) {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, fmt.Errorf("render an extension: %w", err)
		}
		text = append(text[:len(text)-1], ',')
		text = append(text, key...)
		text = append(text, ':')
		text = append(text, u.Extra[name]...)
		text = append(text, '}')
	}
	return text, nil
}

func (u *User) take(r rendered) {
	u.UserName, u.Name, u.DisplayName, u.NickName, u.ProfileURL = r.UserName, r.Name, r.DisplayName, r.NickName, r.ProfileURL
	u.Title, u.UserType, u.PreferredLanguage, u.Locale, u.Timezone = r.Title, r.UserType, r.PreferredLanguage, r.Locale, r.Timezone
	u.Emails, u.PhoneNumbers, u.IMs, u.Photos, u.Addresses = r.Emails, r.PhoneNumbers, r.IMs, r.Photos, r.Addresses
	u.Entitlements, u.Roles, u.Certificates = r.Entitlements, r.Roles, r.Certificates
	u.Enterprise = Enterprise{
		EmployeeNumber: r.Enterprise.EmployeeNumber, CostCenter: r.Enterprise.CostCenter, Organization: r.Enterprise.Organization,
		Division: r.Enterprise.Division, Department: r.Enterprise.Department, Manager: r.Enterprise.Manager.Value,
	}
}

// copied returns a person whose lists and maps are her own, to be edited beside the first.
func (u *User) copied() *User {
	c := *u
	c.Emails, c.PhoneNumbers, c.IMs = slices.Clone(u.Emails), slices.Clone(u.PhoneNumbers), slices.Clone(u.IMs)
	c.Photos, c.Entitlements, c.Roles = slices.Clone(u.Photos), slices.Clone(u.Entitlements), slices.Clone(u.Roles)
	c.Certificates, c.Addresses = slices.Clone(u.Certificates), slices.Clone(u.Addresses)
	c.Extra = maps.Clone(u.Extra)
	return &c
}

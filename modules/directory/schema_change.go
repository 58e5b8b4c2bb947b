package directory

import "slices"

// compatible refuses a definition that what people have, and what identity providers know, would not live on with.
func (s *Schema) compatible(with SchemaDefinition) error {
	refuse := ErrIncompatibleSchema.Sayf
	switch {
	case with.URN != s.URN:
		return refuse("the URN of a schema cannot change; register another schema").At("id")
	case with.ResourceType != s.ResourceType:
		return refuse("the resource type of a schema cannot change; register another schema").At("resourceType")
	case with.Required && !s.Required:
		return refuse("the schema cannot become required: identity providers do not send it").At("required")
	}
	return compatible(s.Attributes, with.Attributes, nil)
}

func compatible(was, now []Attribute, parent *Attribute) error {
	refuse := func(a *Attribute, why string) error {
		return ErrIncompatibleSchema.Sayf("the attribute %s %s", a.path(parent), why).At("attributes")
	}
	for i := range was {
		old := &was[i]
		at := slices.IndexFunc(now, func(a Attribute) bool { return a.Name == old.Name })
		if at < 0 {
			return refuse(old, "is missing: people may have it, so it stays; register another schema without it")
		}
		if why := old.differs(&now[at]); why != "" {
			return refuse(old, why)
		}
		if err := compatible(old.SubAttributes, now[at].SubAttributes, old); err != nil {
			return err
		}
	}
	for i := range now {
		fresh := &now[i]
		if attributeNamed(was, fresh.Name) == nil && fresh.Required {
			return refuse(fresh, "is new and required, and nobody has it")
		}
	}
	return nil
}

// differs tells in what a new description of an attribute contradicts the old one.
func (a *Attribute) differs(now *Attribute) string {
	switch {
	case now.Type != a.Type:
		return "was of type " + string(a.Type) + " and must stay so"
	case now.MultiValued != a.MultiValued:
		return "cannot turn from one value to several, or back"
	case now.CaseExact != a.CaseExact:
		return "cannot change whether case counts"
	case now.Mutability != a.Mutability:
		return "was " + a.Mutability + " and must stay so"
	case now.Returned != a.Returned:
		return "was returned " + a.Returned + " and must stay so"
	case now.Uniqueness != a.Uniqueness:
		return "cannot change its uniqueness"
	case now.Required && !a.Required:
		return "cannot become required, since people may lack it"
	case !slices.Equal(now.ReferenceTypes, a.ReferenceTypes):
		return "cannot refer to other things than before"
	default:
		return ""
	}
}

package simulate

import "fmt"

// A template is the JSON text that an administrator has pasted into a connector, with the macros of a person in it. OneLogin
// sends it as it is: what she does not have is an empty text or null, and nobody has looked whether it is good SCIM.
type template struct {
	write func(who *person) object
	says  func(who *person) facts // what it means
}

// template is the one by which a person is sent.
func (p *oneLoginPlay) template(who *person) template {
	if p.Dialect == Mixed {
		return []template{templateV1, templateCore, templateEnterprise}[who.number%3]
	}
	return map[Dialect]template{OneLoginV1: templateV1, OneLoginCore: templateCore, OneLoginEnterprise: templateEnterprise}[p.Dialect]
}

// templateV1 calls its schema by the URN of SCIM 1.0, sends one e-mail address that is no list, activity as text, a telephone
// without a number, and the department where it does not belong.
var templateV1 = template{
	write: func(who *person) object {
		return object{
			"schemas": []string{"urn:scim:schemas:core:1.0"}, "userName": who.UserName, "active": fmt.Sprint(who.Active), "name": nameOf(who),
			"emails":       object{"value": who.Email, "type": "work", "primary": true},
			"phoneNumbers": []object{{"primary": true, "value": who.Phone}}, "title": who.Title, "department": who.Department,
		}
	},
	says: func(who *person) facts {
		f := commonFacts(who)
		f["phoneNumbers.value"] = who.Phone
		return f
	},
}

// templateCore sends an id that is null, lists of one of which none is primary, and null for what is not there.
var templateCore = template{
	write: func(who *person) object {
		return object{
			"schemas": []string{userURN}, "id": nil, "userName": who.UserName, "active": who.Active, "name": nameOf(who), "displayName": who.Display,
			"emails": []object{{"value": who.Email, "type": "work"}}, "phoneNumbers": []object{{"value": orNull(who.Phone), "type": "work"}},
			"title": orNull(who.Title),
		}
	},
	says: func(who *person) facts {
		f := commonFacts(who)
		f["displayName"], f["phoneNumbers[work].value"] = who.Display, who.Phone
		return f
	},
}

// templateEnterprise has the enterprise extension, with a manager in one of three forms, a department at the top, too, and an
// address without a type.
var templateEnterprise = template{
	write: func(who *person) object {
		body := templateCore.write(who)
		body["schemas"], body["active"], body["department"] = []string{userURN, enterpriseURN}, fmt.Sprint(who.Active), who.Department
		body["meta"] = object{"resourceType": "User"}
		body["addresses"] = []object{{"locality": who.City, "region": who.Region, "country": who.Country}}
		body[enterpriseURN] = object{"employeeNumber": who.Number, "department": who.Department, "manager": managerBy(who)}
		return body
	},
	says: func(who *person) facts {
		f := templateCore.says(who)
		f["employeeNumber"], f["department"], f[factManager] = who.Number, who.Department, who.boss
		f["addresses.locality"], f["addresses.region"], f["addresses.country"] = who.City, who.Region, who.Country
		return f
	},
}

func commonFacts(who *person) facts {
	return facts{
		"userName": who.UserName, "name.givenName": who.Given, "name.familyName": who.Family, "name.formatted": who.Given + " " + who.Family,
		factTitle: who.Title, factWorkMail: who.Email, factActive: fmt.Sprint(who.Active),
	}
}

func nameOf(who *person) object {
	return object{"givenName": who.Given, "familyName": who.Family, "formatted": who.Given + " " + who.Family}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// managerBy names a manager in one of three forms.
func managerBy(who *person) any {
	display := ""
	if who.boss != "" {
		display = who.Manager.Display
	}
	switch who.number % 3 {
	case 0:
		return object{"value": who.boss}
	case 1:
		return object{"managerId": who.boss, "displayName": display}
	default:
		return who.boss
	}
}

// referToBoss decides how the template calls somebody's manager: by the id that she has in the target, once she is there, or by
// a parameter with her userName.
func (who *person) referToBoss() {
	switch boss := who.Manager; {
	case boss == nil:
		who.boss = ""
	case who.number%2 == 0:
		who.boss = boss.id
	default:
		who.boss = boss.UserName
	}
}

package simulate

// A word whose ASCII spelling differs carries it after a bar: "Zoë|zoe".

var givenNames = []string{
	"Amara", "Anders", "Anouk", "Benno", "Bettina", "Caleb", "Carmen", "Chidi", "Clara", "Dagny",
	"Darius", "Eero", "Elif", "Emeka", "Esther", "Farah", "Felix", "Freya", "Gideon", "Greta",
	"Hana", "Henrik", "Ida", "Imran", "Ingrid", "Ivo", "Jamila", "Jasper", "Jonna", "Jörg|jorg",
	"Kaito", "Katya", "Kofi", "Lars", "Leila", "Lucía|lucia", "Malik", "Marit", "Mateo", "Mei",
	"Nadia", "Nils", "Noor", "Olga", "Omar", "Paloma", "Petra", "Quentin", "Rasmus", "Renée|renee",
	"Rosa", "Samir", "Signe", "Tariq", "Tilda", "Ursula", "Viktor", "Wanda", "Yusuf", "Zoë|zoe",
}

var familyNames = []string{
	"Abara", "Alderton", "Bakker", "Bellhaven", "Brandvold", "Castellan", "Czerny", "Dahlgren", "Delacroix", "Eklund",
	"Fairbourne", "Farrow", "Fontaine", "Gallo", "Grünwald|grunwald", "Haddad", "Halloran", "Holm", "Ibsen", "Ilves",
	"Jankowski", "Joubert", "Kessler", "Kimura", "Lindqvist", "Løken|loken", "Marchetti", "Mbeki", "Moravec", "Nakata",
	"Navarro", "Nyström|nystrom", "O'Brannon|obrannon", "Okafor", "Osei", "Paasonen", "Pereira", "Quist", "Rahimi", "Rossmann",
	"Sandoval", "Serrano", "Steen", "Szabó|szabo", "Takeda", "Thorne", "Ueda", "Vance", "Vasquez", "Verhoeven",
	"Wexford", "Winther", "Xu", "Yamada", "Yilmaz", "Zamora", "Zeller", "Zielinski", "Ågren|agren", "Ünal|unal",
}

var companies = []string{
	"Fernhollow", "Brightquay", "Nordlantern", "Tallowmere", "Copperfen", "Ashgrove", "Silverpike", "Wrenfield",
	"Stonewharf", "Maplecross", "Harborline", "Quillbrook", "Windermark", "Oakstead", "Larkspire", "Glasswater",
}

var departments = []string{
	"Field Sales", "Inside Sales", "Talent Acquisition", "Customer Success", "Research & Development", "Finance", "Legal",
	"Marketing", "People Operations", "Security", "Support", "Partnerships", "Data", "Facilities",
}

var titles = []string{
	"Account Executive", "Recruiter", "Sales Engineer", "Team Lead", "Analyst", "Counsel", "Controller", "Designer",
	"Support Engineer", "Researcher", "Program Manager", "Buyer", "Coordinator", "Regional Director",
}

var locales = []string{"en-US", "en-GB", "de-DE", "nb-NO", "fr-FR", "es-ES", "ja-JP"}

var teamNames = []string{
	"Everyone", "Interns", "Nordic Sellers", "Hiring Managers", "West Coast", "Deal Desk", "Research & Insights",
	"Board \"Inner Circle\"", "Night Shift", "Partner Channel", "Editors", "Zürich Office", "Onboarding Buddies",
	"Public Sector", "Key Accounts", "Reviewers", "Launch Crew", "Data Stewards", "Field Trainers", "First Aid",
	"Account Planning", "Campus Visits", "Release Watch", "Auditors",
}

var roleWords = []string{"Seller", "Manager", "Administrator", "Reviewer", "Auditor"}

// offices are where people work. Some lie where there is no region.
var offices = []struct{ street, city, region, postal, country string }{
	{"Kongens gate", "Oslo", "", "0153", "NO"}, {"Große Elbstraße", "Hamburg", "HH", "22767", "DE"}, {"Rua Augusta", "Lisboa", "", "1100-048", "PT"},
	{"Marsh Lane", "Dublin", "Leinster", "D02 X285", "IE"}, {"Folsom Street", "San Francisco", "CA", "94107", "US"}, {"Meguro-dori", "Tokyo", "", "153-0063", "JP"},
}

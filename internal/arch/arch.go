// Package arch holds the walls of the house as tests: who may import whom, and what must stand nowhere.
//
// It has no code of its own. Its tests read the sources of the module.
package arch

package page

// MaxCursor is how many bytes a cursor has at most.
const MaxCursor = maxCursor

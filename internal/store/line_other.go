//go:build !unix

package store

import "net"

// silent cannot look without waiting here; a dead line is noticed when it is used.
func silent(net.Conn) bool { return true }

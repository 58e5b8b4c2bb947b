//go:build unix

package store

import (
	"errors"
	"net"
	"syscall"
)

func silent(conn net.Conn) bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	handle, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = handle.Control(func(fd uintptr) {
		var peek [1]byte
		_, _, err := syscall.Recvfrom(int(fd), peek[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && open
}

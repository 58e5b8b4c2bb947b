package graph

import "time"

// SetBeat has streams show that they live, and look whether their callers may go on, that often.
func SetBeat(s *Server, every time.Duration) { s.streams.beat = every }

// Bounds of streams.
const (
	MaxStreamsOfOne = maxStreamsOfOne
	Batch           = batch
)

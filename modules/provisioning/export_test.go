package provisioning

// MaxQueued is how many calls can wait to be logged.
const MaxQueued = maxQueued

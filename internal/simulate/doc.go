// Package simulate plays an identity provider's whole life against any SCIM 2.0
// endpoint, over real HTTP, and tells every difference between what the
// endpoint must hold and what it holds.
//
// It knows the endpoint by its base URL and token only, and shares no code with
// Usher's own side of SCIM: what the two agree on, they agree on over the wire.
//
// What holds here:
//   - The organization, and what happens in it, follow from the seed alone.
//     Everything is planned in one goroutine; only the calls run side by side.
//   - A ledger keeps what the target has acknowledged. A refused write leaves
//     it as it was; after a write without an answer both outcomes are right.
//   - A wrong target never makes an error. It makes a Difference.
//
// One engine (client, patience, ledger, read-back, report) serves every provider;
// what a provider sends, and when, is in the files named after it. What they are
// known to send, and by whom, is in docs/okta.md, docs/entra.md and docs/onelogin.md.
package simulate

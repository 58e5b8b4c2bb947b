package page

// Walk reads a list to its end and returns its items in the order of the list: piece by piece from the first item or, with Last,
// from the last. It stops at the first error.
func Walk[T any](args Args, read func(Args) (Page[T], error), cursor func(T) string) ([]T, error) {
	_, backward, err := args.Limit()
	if err != nil {
		return nil, err
	}
	items := []T{}
	for {
		p, err := read(args)
		switch {
		case err != nil:
			return nil, err
		case backward:
			items = append(p.Items, items...)
		default:
			items = append(items, p.Items...)
		}
		switch {
		case len(p.Items) == 0 || !p.HasNext && !backward || !p.HasPrevious && backward:
			return items, nil
		case backward:
			args.Before = cursor(items[0])
		default:
			args.After = cursor(items[len(items)-1])
		}
	}
}

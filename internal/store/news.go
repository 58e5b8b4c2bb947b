package store

import (
	"context"
	"sync"
	"time"

	"github.com/lib/pq"
)

const (
	channelName   = "usher_news"
	notifyEvery   = 20 * time.Millisecond // news of one topic go out at most this often
	lookAtFile    = 250 * time.Millisecond
	reconnectMin  = 250 * time.Millisecond
	reconnectMost = 5 * time.Second
)

// news wakes who waits for a topic, in this process and in the other replicas.
//
// On PostgreSQL one connection listens and a debounced NOTIFY goes out after commits, never inside a transaction, where it
// would make commits wait for each other. SQLite has nothing of the kind: the process tells itself, and a look at
// PRAGMA data_version four times a second notices other processes. Beneath both a poll wakes everybody now and then, since
// news can be lost with a connection.
type news struct {
	db   *DB
	ctx  context.Context //nolint:containedctx // the life of the workers below
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	sending bool
	hearing bool
	waiting map[string]map[chan struct{}]struct{}
	pending map[string]bool // topics that the other replicas have not been told of
	kick    chan struct{}
}

func newNews(db *DB) *news {
	ctx, stop := context.WithCancel(context.Background())
	return &news{
		db: db, ctx: ctx, stop: stop, kick: make(chan struct{}, 1),
		waiting: map[string]map[chan struct{}]struct{}{}, pending: map[string]bool{},
	}
}

// Notify wakes everybody who listens to the topic, in every replica, soon. Call it after the commit (AfterCommit).
func (db *DB) Notify(topic string) {
	n := db.news
	n.mu.Lock()
	n.startSending()
	n.wake(topic)
	n.pending[topic] = true
	n.mu.Unlock()
	select {
	case n.kick <- struct{}{}:
	default:
	}
}

// Listen returns a channel that receives when there may be news of the topic: after a Notify of any replica, and every few
// seconds in any case. Several news in a row may come as one. Call cancel when done.
func (db *DB) Listen(topic string) (<-chan struct{}, func()) {
	n := db.news
	heard := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.startHearing()
	if n.waiting[topic] == nil {
		n.waiting[topic] = map[chan struct{}]struct{}{}
	}
	n.waiting[topic][heard] = struct{}{}
	return heard, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.waiting[topic], heard)
	}
}

// wake is called with the lock held.
func (n *news) wake(topic string) {
	for heard := range n.waiting[topic] {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
}

func (n *news) wakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for topic := range n.waiting {
		n.wake(topic)
	}
}

// startSending is called with the lock held.
func (n *news) startSending() {
	if n.sending || n.ctx.Err() != nil || !n.db.Postgres() {
		return
	}
	n.sending = true
	n.wg.Go(n.send)
}

// startHearing is called with the lock held.
func (n *news) startHearing() {
	if n.hearing || n.ctx.Err() != nil {
		return
	}
	n.hearing = true
	if n.db.Postgres() {
		n.wg.Go(n.hear)
		return
	}
	n.wg.Go(n.watchFile)
}

// send tells the other replicas, all topics of a while at once.
func (n *news) send() {
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.kick:
		}
		for _, topic := range n.take() {
			// A lost notification is made good by the poll of the others.
			_, _ = n.db.side.ExecContext(n.ctx, "SELECT pg_notify($1, $2)", channelName, topic)
		}
		if !n.rest(notifyEvery) {
			return
		}
	}
}

func (n *news) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	topics := make([]string, 0, len(n.pending))
	for topic := range n.pending {
		topics = append(topics, topic)
	}
	clear(n.pending)
	return topics
}

func (n *news) rest(while time.Duration) bool {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-n.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// hear wakes the listeners of this process for what other replicas send, and all of them after a lost connection and
// every few seconds. A connection on which nothing comes back is cut.
func (n *news) hear() {
	line := &ear{ctx: n.ctx}
	listener := pq.NewDialListener(line, n.db.address, reconnectMin, reconnectMost, nil)
	n.wg.Go(func() { _ = listener.Listen(channelName) }) // waits for the first connection; the poll serves until then
	defer func() {
		line.cut()
		_ = listener.Close()
		go drain(listener.Notify) // it ends by itself, once it has woken from waiting to connect
	}()
	poll := time.NewTicker(n.db.poll)
	defer poll.Stop()
	checked := make(chan struct{}, 1) // holds one while a check runs
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-poll.C:
			n.wakeAll()
			n.checkOnce(checked, func() { line.check(listener, n.db.poll) })
		case got := <-listener.Notify:
			if got == nil { // the connection was lost and is there again
				n.wakeAll()
				continue
			}
			n.mu.Lock()
			n.wake(got.Extra)
			n.mu.Unlock()
		}
	}
}

// checkOnce runs the check unless it still runs.
func (n *news) checkOnce(running chan struct{}, check func()) {
	select {
	case running <- struct{}{}:
		n.wg.Go(func() {
			check()
			<-running
		})
	default:
	}
}

// watchFile wakes everybody when another process has changed the file, and every few seconds.
func (n *news) watchFile() {
	conn, err := n.db.side.Conn(n.ctx)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	var seen int64
	for quiet := time.Duration(0); n.rest(lookAtFile); quiet += lookAtFile {
		var version int64
		err := conn.QueryRowContext(n.ctx, "PRAGMA data_version").Scan(&version)
		if err == nil && version == seen && quiet < n.db.poll {
			continue
		}
		seen, quiet = version, 0
		n.wakeAll()
	}
}

func drain(notifications <-chan *pq.Notification) {
	for range notifications {
	}
}

func (n *news) close() {
	n.mu.Lock() // whoever starts a worker has done so now
	n.stop()
	n.mu.Unlock()
	n.wg.Wait()
}

package store

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// statementsKept bounds the prepared statements of one connection; the least recently used one goes first.
const statementsKept = 256

// Plans of a connection are made anew every plansFresh uses at first, when tables may be growing from nothing; after
// plansSettle uses less and less often, at last every plansKept uses.
const (
	plansFresh  = 128
	plansSettle = 1024
	plansKept   = 1 << 16
)

// patience is how long a statement may take whose context has no deadline of its own.
const patience = 30 * time.Second

// connector opens connections that keep what they have prepared. lib/pq by itself prepares, runs and forgets every statement
// that has arguments; keeping them is worth two to three times the reads.
type connector struct {
	base     driver.Connector
	dialect  kind
	patience time.Duration
	watch    func(statement string)
	epoch    atomic.Uint64 // grows when a change of the schema has spoiled the plans of every connection
}

func (c *connector) sent(statement string) {
	if c.watch != nil {
		c.watch(statement)
	}
}

func (c *connector) Driver() driver.Driver { return c.base.Driver() }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	line := &line{}
	opened, err := c.open(withLine(ctx, line))
	if err != nil {
		return nil, translate(ctx, fmt.Errorf("connect: %w", err))
	}
	base, ok := opened.(baseConn)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("connect: a connection of type %T cannot do what the store needs", opened)
	}
	return &conn{
		baseConn: base, shared: c, line: line, epoch: c.epoch.Load(),
		kept: map[string]*list.Element{}, recent: list.New(), replan: plansFresh,
	}, nil
}

// open waits while others hold SQLite's file: a connection that has just made the file turns it to write-ahead logging, and for
// this, alone of all it does, SQLite refuses whoever comes meanwhile instead of waiting for the busy_timeout.
func (c *connector) open(ctx context.Context) (driver.Conn, error) {
	limited, release := context.WithTimeout(ctx, connectTimeout)
	defer release()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		opened, err := c.base.Connect(ctx)
		if err == nil || c.dialect != sqlite || !errors.Is(translate(ctx, err), ErrBusy) {
			return opened, err
		}
		select {
		case <-limited.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}

// baseConn is what both drivers' connections can do.
type baseConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type baseStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// conn is one connection with its prepared statements. database/sql lets one goroutine use it at a time.
type conn struct {
	baseConn

	shared *connector
	line   *line
	epoch  uint64
	inTx   bool
	bad    bool                     // do not use it again
	uses   int                      // times it was taken from the pool
	replan int                      // the use at which its plans are made anew
	kept   map[string]*list.Element // by the text as the caller wrote it
	recent *list.List               // of *prepared, most recent first
}

type prepared struct {
	baseStmt

	text    string
	busy    bool // rows of it are being read
	evicted bool // close it when they have been read
}

func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, cancel := c.bounded(ctx)
	got, err := c.query(ctx, text, args)
	if c.replans(err) {
		got, err = c.query(ctx, text, args)
	}
	if err != nil {
		defer cancel()
		return nil, c.failed(ctx, err)
	}
	got.conn, got.ctx, got.cancel = c, ctx, cancel
	return got, nil
}

func (c *conn) query(ctx context.Context, text string, args []driver.NamedValue) (*rows, error) {
	c.shared.sent(text)
	if len(args) == 0 {
		got, err := c.baseConn.QueryContext(ctx, c.shared.dialect.rewrite(text), nil)
		return &rows{Rows: got}, err
	}
	p, err := c.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	got, err := p.QueryContext(ctx, args)
	if err != nil {
		c.release(p)
		return nil, err
	}
	return &rows{Rows: got, release: func() { c.release(p) }}, nil
}

// ExecContext runs a statement that may write. When the connection breaks while it runs, nobody knows whether it has
// happened, so the error must not let database/sql run it again.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	result, err := c.exec(ctx, text, args)
	if c.replans(err) {
		result, err = c.exec(ctx, text, args)
	}
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	return result, nil
}

// failed makes a fault of the error where it is one. A connection whose statement was canceled might be told of it once more
// while the next one runs; one whose server has gone, or is no longer the primary, leads nowhere: neither is used again.
func (c *conn) failed(ctx context.Context, err error) error {
	if c.shared.dialect == postgres && (ctx.Err() != nil || unreachable(err)) {
		c.bad = true
	}
	return translate(ctx, err)
}

func (c *conn) exec(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.shared.sent(text)
	if len(args) == 0 {
		result, err := c.baseConn.ExecContext(ctx, c.shared.dialect.rewrite(text), nil)
		return result, unknown(err)
	}
	p, err := c.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	defer c.release(p)
	result, err := p.ExecContext(ctx, args)
	return result, unknown(err)
}

func unknown(err error) error {
	if errors.Is(err, driver.ErrBadConn) {
		return errLost
	}
	return err
}

// PrepareContext serves callers that prepare by themselves. What they get is theirs and is not kept.
func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	st, err := c.baseConn.PrepareContext(ctx, c.shared.dialect.rewrite(text))
	if err != nil {
		return nil, c.failed(ctx, err)
	}
	return st, nil
}

// prepare returns the kept statement of the text, prepared now when it is new or its rows are still being read.
func (c *conn) prepare(ctx context.Context, text string) (*prepared, error) {
	if err := c.forgetSpoiled(ctx); err != nil {
		return nil, err
	}
	if at, ok := c.kept[text]; ok {
		if p, _ := at.Value.(*prepared); !p.busy {
			c.recent.MoveToFront(at)
			p.busy = true
			return p, nil
		}
	}
	st, err := c.baseConn.PrepareContext(ctx, c.shared.dialect.rewrite(text))
	if err != nil {
		return nil, err
	}
	base, ok := st.(baseStmt)
	if !ok {
		_ = st.Close()
		return nil, fmt.Errorf("prepare: a statement of type %T cannot do what the store needs", st)
	}
	p := &prepared{baseStmt: base, text: text, busy: true}
	c.keep(p)
	return p, nil
}

func (c *conn) keep(p *prepared) {
	if _, taken := c.kept[p.text]; taken {
		p.evicted = true
		return
	}
	c.kept[p.text] = c.recent.PushFront(p)
	if c.recent.Len() <= statementsKept {
		return
	}
	oldest, _ := c.recent.Remove(c.recent.Back()).(*prepared)
	delete(c.kept, oldest.text)
	oldest.evicted = true
	if !oldest.busy {
		_ = oldest.Close()
	}
}

func (c *conn) release(p *prepared) {
	p.busy = false
	if p.evicted {
		_ = p.Close()
	}
}

// replans tells whether the statement failed because its plan no longer fits the tables, and may be run once more. Inside a
// transaction it may not: PostgreSQL has given the transaction up, and the unit of work runs again as a whole.
func (c *conn) replans(err error) bool {
	if !planSpoiled(err) {
		return false
	}
	c.shared.epoch.Add(1)
	return !c.inTx
}

func (c *conn) forgetSpoiled(ctx context.Context) error {
	epoch := c.shared.epoch.Load()
	if epoch == c.epoch {
		return nil
	}
	if _, err := c.baseConn.ExecContext(ctx, "DEALLOCATE ALL", nil); err != nil {
		return err
	}
	c.epoch = epoch
	c.recent.Init()
	clear(c.kept)
	return nil
}

// Close ends the connection. SQLite keeps the file open until its statements are closed; PostgreSQL forgets them by itself.
func (c *conn) Close() error {
	if c.shared.dialect == sqlite {
		for at := c.recent.Front(); at != nil; at = at.Next() {
			if p, ok := at.Value.(*prepared); ok {
				_ = p.Close()
			}
		}
	}
	err := c.baseConn.Close()
	if c.shared.dialect == postgres {
		return nil // only a farewell can fail, to a server that has gone
	}
	return err
}

// BeginTx opens a transaction.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	bound, cancel := c.bounded(ctx)
	defer cancel()
	begun, err := c.baseConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, c.failed(bound, err)
	}
	c.inTx = true
	return &tx{Tx: begun, conn: c}, nil
}

type tx struct {
	driver.Tx

	conn *conn
}

func (t *tx) Commit() error {
	ctx, cancel := t.conn.bounded(context.Background())
	defer cancel()
	t.conn.inTx = false
	if err := t.Tx.Commit(); err != nil {
		return t.conn.failed(ctx, unknown(err))
	}
	return nil
}

func (t *tx) Rollback() error {
	ctx, cancel := t.conn.bounded(context.Background())
	defer cancel()
	t.conn.inTx = false
	if err := t.Tx.Rollback(); err != nil {
		t.conn.bad = true
		return translate(ctx, err)
	}
	return nil
}

// IsValid is asked when the connection goes back to the pool.
func (c *conn) IsValid() bool { return !c.bad && c.baseConn.IsValid() }

// ResetSession is called before a connection of the pool is used again: one whose server has gone is thrown away.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.bad || !c.line.quiet() {
		return driver.ErrBadConn
	}
	c.uses++
	if c.uses >= c.replan && c.shared.dialect == postgres {
		if err := c.refreshPlans(ctx); err != nil {
			return driver.ErrBadConn
		}
	}
	return c.baseConn.ResetSession(ctx)
}

// refreshPlans makes PostgreSQL plan anew what it has planned, less and less often. A plan made while a table was small knows
// no difference between indexes that begin with the tenant, and may take one of them for a look-up by key; kept, it would read
// the whole tenant, and so would the checks of foreign keys, until the statistics are renewed.
func (c *conn) refreshPlans(ctx context.Context) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	_, err := c.baseConn.ExecContext(ctx, "DISCARD PLANS", nil)
	if c.replan < plansSettle {
		c.replan += plansFresh
	} else {
		c.replan += min(c.replan, plansKept)
	}
	return err
}

// bounded gives the work a deadline if it has none, and puts it on the line too, because a server that hangs is noticed by
// nothing else.
func (c *conn) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	cancel := context.CancelFunc(func() {})
	if _, has := ctx.Deadline(); !has {
		ctx, cancel = context.WithTimeout(ctx, c.shared.patience)
	}
	c.line.until(ctx)
	return ctx, cancel
}

// rows are the rows of a statement, which they give back when they are closed.
type rows struct {
	driver.Rows

	conn    *conn
	ctx     context.Context //nolint:containedctx // it bounds the reading of the rows
	cancel  context.CancelFunc
	release func()
}

func (r *rows) Next(into []driver.Value) error {
	err := r.Rows.Next(into)
	if err == nil || err == io.EOF { //nolint:errorlint // io.EOF itself is the end of the rows
		return err
	}
	return r.conn.failed(r.ctx, err)
}

func (r *rows) Close() error {
	err := r.Rows.Close()
	if r.release != nil {
		r.release()
		r.release = nil
	}
	r.cancel()
	return translate(r.ctx, err)
}

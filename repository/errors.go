package repository

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	sqlitelib "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errAgain asks for the transaction to be run again: what it met is gone.
var errAgain = errors.New("the database changed under the transaction")

// isDeadlock says that nothing of a transaction was done, and that the same
// transaction may well succeed now: a deadlock, a serialization failure, or a
// row that went away under it.
func isDeadlock(err error) bool {
	if errors.Is(err, errAgain) {
		return true
	}
	e, ok := errors.AsType[*pq.Error](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// isBusy says that another process holds the SQLite file.
func isBusy(err error) bool {
	e, ok := errors.AsType[*sqlitelib.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}

// IsRefused says that the database refuses the data itself (SQLSTATE class 22
// or 23, a SQLite constraint), so that trying again is of no use.
func IsRefused(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Code.Class() == "22" || e.Code.Class() == "23"
	}
	if e, ok := errors.AsType[*sqlitelib.Error](err); ok {
		code := e.Code() & 0xff
		return code == sqlite3.SQLITE_CONSTRAINT || code == sqlite3.SQLITE_TOOBIG || code == sqlite3.SQLITE_MISMATCH
	}
	return false
}

// isMissingOwner says that the row which a new one belongs to is not there.
func isMissingOwner(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Code == "23503"
	}
	e, ok := errors.AsType[*sqlitelib.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

// IsCommitUnknown says that COMMIT itself failed in a way that leaves open
// whether it happened.
func IsCommitUnknown(err error) bool {
	c, ok := errors.AsType[*commitError](err)
	return ok && !isDeadlock(c.cause) && !isBusy(c.cause) && !IsRefused(c.cause)
}

// IsUnavailable says that the database is away, full or read-only: nothing is
// wrong with the request, and later it may go through.
func IsUnavailable(err error) bool {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		// 25006 is a read-only transaction, 57 an operator's shutdown, 53 a full disk or too many connections.
		return e.Code == "25006" || strings.Contains("08 53 57 58", string(e.Code.Class()))
	}
	if e, ok := errors.AsType[*sqlitelib.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
			return true
		}
		return isBusy(err)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed)
}

package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// usage is what the machine and the processes have used up to a moment. CPU
// times and memory come from /proc; without one they are zero.
type usage struct {
	at       time.Time
	cpu      map[string]time.Duration // by process, of PostgreSQL with its children; "machine" is all that ran on it
	peakMB   map[string]float64
	database int64            // bytes
	wal      int64            // bytes of WAL written so far; 0 where that is not known
	scans    map[string]int64 // sequential scans by table; none where that is not known
}

func (w *world) usage(ctx context.Context) (usage, error) {
	u := usage{at: time.Now(), cpu: map[string]time.Duration{}, peakMB: map[string]float64{}}
	for name, pid := range map[string]int{"gateway": w.gateway.Process.Pid, "simulator": w.simulator.Process.Pid,
		"receiver": w.receiver.Process.Pid, "bench": os.Getpid()} {
		u.cpu[name], u.peakMB[name] = ProcessTime(pid), peakMB(pid)
	}
	if w.postmaster > 0 {
		u.cpu["postgres"] = FamilyTime(w.postmaster)
	}
	u.cpu["machine"] = MachineTime()
	size, err := w.db.Size(ctx)
	if err != nil {
		return u, err
	}
	u.database, u.wal = size.Bytes, size.WAL
	u.scans, err = w.db.SequentialScans(ctx)
	return u, err
}

// clockTick is the unit of /proc's times: USER_HZ, which Linux fixes at 100.
const clockTick = 10 * time.Millisecond

// ProcessTime is the user and system time that a process has used so far, in
// steps of 10 ms; 0 where there is no /proc.
func ProcessTime(pid int) time.Duration {
	fields := statOf(strconv.Itoa(pid))
	if len(fields) < 15 {
		return 0
	}
	return ticks(fields[11]) + ticks(fields[12])
}

// FamilyTime is the ProcessTime of a process and of all its children, ended
// ones included: of a PostgreSQL server, given its postmaster.
func FamilyTime(pid int) time.Duration {
	fields := statOf(strconv.Itoa(pid))
	processes, err := os.ReadDir("/proc")
	if len(fields) < 15 || err != nil {
		return 0
	}
	sum := ticks(fields[11]) + ticks(fields[12]) + ticks(fields[13]) + ticks(fields[14])
	for _, process := range processes {
		if child := statOf(process.Name()); len(child) >= 15 && child[1] == strconv.Itoa(pid) {
			sum += ticks(child[11]) + ticks(child[12])
		}
	}
	return sum
}

// findPostmaster finds the PostgreSQL server's first process, where the database is
// one on this machine; else it gives 0.
func (w *world) findPostmaster(ctx context.Context) (int, error) {
	backend, err := w.db.Backend(ctx)
	if err != nil || backend == 0 {
		return 0, err
	}
	if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", backend)); err != nil || !strings.HasPrefix(string(name), "postgres") {
		return 0, nil // it is elsewhere
	}
	return strconv.Atoi(statOf(strconv.Itoa(backend))[1])
}

// statOf gives what /proc says of a process, from its state on; none when there
// is no such process.
func statOf(pid string) []string {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may hold spaces
	return strings.Fields(rest)
}

// MachineTime is the time that all processors together were busy so far; 0
// where there is no /proc.
func MachineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var busy time.Duration
	for i, field := range strings.Fields(line) {
		if i > 0 && i != 4 && i != 5 && i < 9 { // user nice system idle iowait irq softirq steal; guests are in user
			busy += ticks(field)
		}
	}
	return busy
}

func ticks(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * clockTick
}

// peakMB is the most memory that a process has held.
func peakMB(pid int) float64 { return memoryMB(pid, "VmHWM:") }

// memoryMB is one of the figures of /proc/PID/status; 0 where there is none.
func memoryMB(pid int, name string) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), name)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseFloat(fields[0], 64)
	if err != nil {
		return 0
	}
	return kilobytes / 1024
}

// profile takes Config.CPUProfile while invoices are posted, and then gives nil
// or why it could not.
func (w *world) profile(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	if w.config.CPUProfile == "" {
		done <- nil
		return done
	}
	third := w.config.Duration / 3
	go func() {
		select {
		case <-time.After(third):
		case <-ctx.Done():
		}
		text, err := w.get(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", w.metricsURL, max(1, int(third.Seconds()))))
		if err == nil {
			err = os.WriteFile(w.config.CPUProfile, text, 0o600)
		}
		done <- err
	}()
	return done
}

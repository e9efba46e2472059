// Package serve answers the runner's commands, one after another (matrix/driver-protocol.ts), until there are no more.
package serve

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// Header is a name and a value, which may be nil.
type Header struct {
	Name  string
	Value []byte
}

func (h *Header) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&h.Name, &h.Value})
}

func (h Header) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{h.Name, h.Value})
}

// Record is one as the runner writes it: bytes are base64, which is what encoding/json makes of them, and nil is null.
type Record struct {
	Offset    int64    `json:"offset"`
	Timestamp int64    `json:"timestamp"`
	Key       []byte   `json:"key"`
	Value     []byte   `json:"value"`
	Headers   []Header `json:"headers"`
}

// Input holds the fields of every command.
type Input struct {
	Op          string   `json:"op"`
	Topic       string   `json:"topic"`
	Group       string   `json:"group"`
	Assignor    string   `json:"assignor"`
	Partition   int32    `json:"partition"`
	Partitions  int32    `json:"partitions"`
	Compression string   `json:"compression"`
	Idempotent  bool     `json:"idempotent"`
	Records     []Record `json:"records"`
	Offset      int64    `json:"offset"`
	Timestamp   *int64   `json:"timestamp"`
	Count       int      `json:"count"`
	Value       string   `json:"value"`
	Counts      []int    `json:"counts"`
}

// Unsupported is what the client has no way to do.
type Unsupported string

func (u Unsupported) Error() string { return string(u) }

// Output is what an answer holds.
type Output map[string]any

// Command carries out one.
type Command func(in Input) (Output, error)

// Version is that of a module which the program is built with, and of Go.
func Version(module string) string {
	version := "?"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				version = strings.TrimPrefix(dependency.Version, "v")
			}
		}
	}
	return fmt.Sprintf("%s (Go %s)", version, strings.TrimPrefix(runtime.Version(), "go"))
}

// Run answers until the input ends.
func Run(version string, commands map[string]Command) {
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(Output{"version": version})
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var input Input
		if err == nil {
			err = json.Unmarshal(line, &input)
		}
		var output Output
		if err == nil {
			command := commands[input.Op]
			if command == nil {
				command = func(Input) (Output, error) { return nil, Unsupported("no such command") }
			}
			output, err = command(input)
		}
		var unsupported Unsupported
		switch {
		case errors.As(err, &unsupported):
			_ = out.Encode(Output{"unsupported": string(unsupported)})
		case err != nil:
			_ = out.Encode(Output{"error": err.Error()})
		case output == nil:
			_ = out.Encode(Output{"ok": Output{}})
		default:
			_ = out.Encode(Output{"ok": output})
		}
	}
}

// Numbers is what was read of each partition.
type Numbers struct {
	mutex  sync.Mutex
	counts []int
	read   [][]int
	left   int
	done   chan struct{}
}

// NewNumbers waits for so many of each partition.
func NewNumbers(counts []int) *Numbers {
	numbers := &Numbers{counts: counts, read: make([][]int, len(counts)), done: make(chan struct{})}
	for partition, count := range counts {
		numbers.read[partition] = []int{}
		numbers.left += count
	}
	return numbers
}

// Saw takes a record's key.
func (n *Numbers) Saw(partition int32, key []byte) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	number, err := strconv.Atoi(string(key))
	if err != nil {
		number = -1
	}
	n.read[partition] = append(n.read[partition], number)
	if n.left--; n.left == 0 {
		close(n.done)
	}
}

// Done is closed once all have come.
func (n *Numbers) Done() <-chan struct{} { return n.done }

// Output is the answer to the command "drain".
func (n *Numbers) Output() Output {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return Output{"read": n.read}
}

// State is what a member of a group has at the moment, and has read.
type State struct {
	mutex      sync.Mutex
	partitions map[int32]bool
	values     []string
}

// Assign adds partitions.
func (s *State) Assign(partitions []int32) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.partitions == nil {
		s.partitions = map[int32]bool{}
	}
	for _, one := range partitions {
		s.partitions[one] = true
	}
}

// Revoke takes partitions away.
func (s *State) Revoke(partitions []int32) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, one := range partitions {
		delete(s.partitions, one)
	}
}

// Saw adds a value.
func (s *State) Saw(value []byte) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.values = append(s.values, string(value))
}

// Output is the answer to the command "state".
func (s *State) Output() Output {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	partitions := []int32{}
	for one := range s.partitions {
		partitions = append(partitions, one)
	}
	return Output{"partitions": partitions, "values": append([]string{}, s.values...)}
}

// franz-go, told what to do by the runner. Argument: host:port.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"interop/serve"
)

var (
	seed   = kgo.SeedBrokers(os.Args[1])
	admin  *kadm.Client
	member *kgo.Client
	state  serve.State
	left   = make(chan struct{})
)

func main() {
	client, err := kgo.NewClient(seed)
	if err != nil {
		panic(err)
	}
	admin = kadm.NewClient(client)
	serve.Run(serve.Version("github.com/twmb/franz-go"), map[string]serve.Command{
		"connect": connect, "create": create, "describe": describe, "produce": produce, "consume": consume,
		"join": join, "leave": leave, "readGroup": readGroup, "deleteRecords": deleteRecords, "deleteTopic": deleteTopic,
		"flood": flood, "drain": drain,
		"state": func(serve.Input) (serve.Output, error) { return state.Output(), nil },
	})
}

func limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 60*time.Second)
}

func connect(serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	brokers, err := admin.ListBrokers(ctx)
	return serve.Output{"brokers": brokers.NodeIDs()}, err
}

func create(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	created, err := admin.CreateTopic(ctx, in.Partitions, 1, nil, in.Topic)
	if err == nil {
		err = created.Err
	}
	return nil, err
}

func describe(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	topics, err := admin.ListTopics(ctx, in.Topic)
	return serve.Output{"partitions": len(topics[in.Topic].Partitions)}, err
}

func produce(in serve.Input) (serve.Output, error) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		seed, kgo.ProducerBatchCompression(codecs[in.Compression]), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchMaxBytes(16 << 20), kgo.ProducerLinger(50 * time.Millisecond),
	}
	if !in.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records := []*kgo.Record{}
	for _, one := range in.Records {
		record := &kgo.Record{
			Topic: in.Topic, Partition: in.Partition, Key: one.Key, Value: one.Value, Timestamp: time.UnixMilli(one.Timestamp),
		}
		for _, header := range one.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: header.Name, Value: header.Value})
		}
		records = append(records, record)
	}
	ctx, cancel := limit()
	defer cancel()
	return nil, client.ProduceSync(ctx, records...).FirstErr()
}

func collect(client *kgo.Client, count int) ([]serve.Record, *kgo.Record, error) {
	ctx, cancel := limit()
	defer cancel()
	records := []serve.Record{}
	var last *kgo.Record
	for len(records) < count {
		fetches := client.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, nil, fmt.Errorf("%v", errs)
		}
		for _, one := range fetches.Records() {
			if len(records) == count {
				break
			}
			last = one
			record := serve.Record{
				Offset: one.Offset, Timestamp: one.Timestamp.UnixMilli(), Key: one.Key, Value: one.Value, Headers: []serve.Header{},
			}
			for _, header := range one.Headers {
				record.Headers = append(record.Headers, serve.Header{Name: header.Key, Value: header.Value})
			}
			records = append(records, record)
		}
	}
	return records, last, nil
}

func consume(in serve.Input) (serve.Output, error) {
	offset := kgo.NewOffset().At(in.Offset)
	if in.Timestamp != nil {
		offset = kgo.NewOffset().AfterMilli(*in.Timestamp)
	}
	client, err := kgo.NewClient(seed, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{in.Topic: {in.Partition: offset}}))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records, _, err := collect(client, in.Count)
	return serve.Output{"records": records}, err
}

func inGroup(in serve.Input, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append(options, seed, kgo.ConsumerGroup(in.Group), kgo.ConsumeTopics(in.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(500*time.Millisecond), kgo.DisableAutoCommit())...)
}

func join(in serve.Input) (serve.Output, error) {
	assigned := func(_ context.Context, _ *kgo.Client, topics map[string][]int32) { state.Assign(topics[in.Topic]) }
	revoked := func(_ context.Context, _ *kgo.Client, topics map[string][]int32) { state.Revoke(topics[in.Topic]) }
	options := []kgo.Opt{
		kgo.OnPartitionsAssigned(assigned), kgo.OnPartitionsRevoked(revoked), kgo.OnPartitionsLost(revoked),
	}
	switch in.Assignor {
	case "eager":
		options = append(options, kgo.Balancers(kgo.RangeBalancer()))
	case "cooperative":
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	client, err := inGroup(in, options...)
	if err != nil {
		return nil, err
	}
	member = client
	go func() {
		defer close(left)
		for {
			fetches := client.PollFetches(context.Background())
			if fetches.IsClientClosed() {
				return
			}
			fetches.EachRecord(func(record *kgo.Record) { state.Saw(record.Value) })
		}
	}()
	return nil, nil
}

func leave(serve.Input) (serve.Output, error) {
	member.Close()
	<-left
	return nil, nil
}

func readGroup(in serve.Input) (serve.Output, error) {
	client, err := inGroup(in)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records, last, err := collect(client, in.Count)
	if err != nil {
		return nil, err
	}
	ctx, cancel := limit()
	defer cancel()
	return serve.Output{"records": records}, client.CommitRecords(ctx, last)
}

func deleteRecords(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: in.Topic, Partition: in.Partition, At: in.Offset})
	deleted, err := admin.DeleteRecords(ctx, offsets)
	if err == nil {
		err = deleted.Error()
	}
	return nil, err
}

func deleteTopic(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	deleted, err := admin.DeleteTopic(ctx, in.Topic)
	if err == nil {
		err = deleted.Err
	}
	return nil, err
}

// quick waits little before it tries again.
func quick(int) time.Duration { return 10 * time.Millisecond }

func flood(in serve.Input) (serve.Output, error) {
	options := []kgo.Opt{
		seed, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(8 << 10), kgo.RetryBackoffFn(quick),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RequestRetries(1000),
	}
	if !in.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var mutex sync.Mutex
	failed := []int{}
	ctx := context.Background()
	for number := range in.Count {
		record := &kgo.Record{
			Topic: in.Topic, Partition: int32(number) % in.Partitions, Key: []byte(strconv.Itoa(number)), Value: []byte(in.Value),
		}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) {
			if err != nil {
				mutex.Lock()
				failed = append(failed, number)
				mutex.Unlock()
			}
		})
	}
	err = client.Flush(ctx)
	return serve.Output{"failed": failed}, err
}

func drain(in serve.Input) (serve.Output, error) {
	partitions := map[int32]kgo.Offset{}
	for partition := range in.Counts {
		partitions[int32(partition)] = kgo.NewOffset().AtStart()
	}
	client, err := kgo.NewClient(seed, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{in.Topic: partitions}),
		kgo.RetryBackoffFn(quick))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	numbers := serve.NewNumbers(in.Counts)
	for {
		select {
		case <-numbers.Done():
			return numbers.Output(), nil
		case <-ctx.Done():
			return numbers.Output(), nil
		default:
			client.PollFetches(ctx).EachRecord(func(record *kgo.Record) { numbers.Saw(record.Partition, record.Key) })
		}
	}
}

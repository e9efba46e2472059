// segmentio kafka-go, told what to do by the runner. Argument: host:port.
package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"interop/serve"
)

var (
	server = os.Args[1]
	client = &kafka.Client{Addr: kafka.TCP(server), Timeout: 10 * time.Second}
	group  *kafka.ConsumerGroup
	state  serve.State
	left   = make(chan struct{})
	stop   context.CancelFunc
)

func main() {
	serve.Run(serve.Version("github.com/segmentio/kafka-go"), map[string]serve.Command{
		"connect": connect, "create": create, "describe": describe, "produce": produce, "consume": consume,
		"join": join, "leave": leave, "readGroup": readGroup, "deleteTopic": deleteTopic,
		"flood": flood, "drain": drain,
		"deleteRecords": func(serve.Input) (serve.Output, error) { return nil, serve.Unsupported("it has no DeleteRecords") },
		"state":         func(serve.Input) (serve.Output, error) { return state.Output(), nil },
	})
}

func limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 60*time.Second)
}

func connect(serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	answer, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, err
	}
	ids := []int{}
	for _, broker := range answer.Brokers {
		ids = append(ids, broker.ID)
	}
	return serve.Output{"brokers": ids}, nil
}

func create(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	topics := []kafka.TopicConfig{{Topic: in.Topic, NumPartitions: int(in.Partitions), ReplicationFactor: 1}}
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err == nil {
		err = answer.Errors[in.Topic]
	}
	return nil, err
}

func describe(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	// With a transport of its own, as in produce.
	fresh := &kafka.Client{Addr: kafka.TCP(server), Transport: &kafka.Transport{}}
	answer, err := fresh.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{in.Topic}})
	if err != nil {
		return nil, err
	}
	return serve.Output{"partitions": len(answer.Topics[0].Partitions)}, answer.Topics[0].Error
}

func produce(in serve.Input) (serve.Output, error) {
	if in.Idempotent {
		return nil, serve.Unsupported("its writer has no idempotence")
	}
	var compression kafka.Compression
	if err := compression.UnmarshalText([]byte(in.Compression)); in.Compression != "none" && err != nil {
		return nil, err
	}
	writer := &kafka.Writer{
		Addr: kafka.TCP(server), Topic: in.Topic, RequiredAcks: kafka.RequireAll, Compression: compression, BatchBytes: 16 << 20,
		// One of its own: the cache of the default one does not know topics that are new.
		Transport: &kafka.Transport{},
		BatchSize: len(in.Records), BatchTimeout: 50 * time.Millisecond,
		Balancer: kafka.BalancerFunc(func(kafka.Message, ...int) int { return int(in.Partition) }),
	}
	messages := []kafka.Message{}
	for _, one := range in.Records {
		message := kafka.Message{Key: one.Key, Value: one.Value, Time: time.UnixMilli(one.Timestamp)}
		for _, header := range one.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: header.Name, Value: header.Value})
		}
		messages = append(messages, message)
	}
	ctx, cancel := limit()
	defer cancel()
	if err := writer.WriteMessages(ctx, messages...); err != nil {
		return nil, err
	}
	return nil, writer.Close()
}

func read(message kafka.Message) serve.Record {
	record := serve.Record{
		Offset: message.Offset, Timestamp: message.Time.UnixMilli(), Key: message.Key, Value: message.Value,
		Headers: []serve.Header{},
	}
	for _, header := range message.Headers {
		record.Headers = append(record.Headers, serve.Header{Name: header.Key, Value: header.Value})
	}
	return record
}

func consume(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{server}, Topic: in.Topic, Partition: int(in.Partition), MaxBytes: 32 << 20, MaxWait: 100 * time.Millisecond,
	})
	defer reader.Close()
	var err error
	if in.Timestamp != nil {
		err = reader.SetOffsetAt(ctx, time.UnixMilli(*in.Timestamp))
	} else {
		err = reader.SetOffset(in.Offset)
	}
	records := []serve.Record{}
	for err == nil && len(records) < in.Count {
		var message kafka.Message
		if message, err = reader.ReadMessage(ctx); err == nil {
			records = append(records, read(message))
		}
	}
	return serve.Output{"records": records}, err
}

func join(in serve.Input) (serve.Output, error) {
	made, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: in.Group, Brokers: []string{server}, Topics: []string{in.Topic}, StartOffset: kafka.FirstOffset,
		SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond, RebalanceTimeout: 10 * time.Second,
		JoinGroupBackoff: 200 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	group = made
	ctx, cancel := context.WithCancel(context.Background())
	stop = cancel
	go func() {
		defer close(left)
		for ctx.Err() == nil {
			generation, err := group.Next(ctx)
			if err != nil {
				continue
			}
			partitions := []int32{}
			for _, one := range generation.Assignments[in.Topic] {
				partitions = append(partitions, int32(one.ID))
				generation.Start(func(ctx context.Context) { follow(ctx, in.Topic, one) })
			}
			state.Assign(partitions)
			generation.Start(func(ctx context.Context) {
				<-ctx.Done()
				state.Revoke(partitions)
			})
		}
	}()
	return nil, nil
}

// follow reads a partition until the generation ends.
func follow(ctx context.Context, topic string, assignment kafka.PartitionAssignment) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{server}, Topic: topic, Partition: assignment.ID, MaxWait: 100 * time.Millisecond,
	})
	defer reader.Close()
	if reader.SetOffset(assignment.Offset) != nil {
		return
	}
	for {
		message, err := reader.ReadMessage(ctx)
		if err != nil {
			return
		}
		state.Saw(message.Value)
	}
}

func leave(serve.Input) (serve.Output, error) {
	stop()
	err := group.Close()
	<-left
	return nil, err
}

func readGroup(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{server}, GroupID: in.Group, Topic: in.Topic, StartOffset: kafka.FirstOffset,
		MaxWait: 100 * time.Millisecond, SessionTimeout: 6 * time.Second, HeartbeatInterval: 500 * time.Millisecond,
		JoinGroupBackoff: 200 * time.Millisecond,
	})
	records := []serve.Record{}
	for len(records) < in.Count {
		message, err := reader.FetchMessage(ctx)
		if err != nil {
			return nil, err
		}
		records = append(records, read(message))
		if len(records) == in.Count {
			if err := reader.CommitMessages(ctx, message); err != nil {
				return nil, err
			}
		}
	}
	return serve.Output{"records": records}, reader.Close()
}

func deleteTopic(in serve.Input) (serve.Output, error) {
	ctx, cancel := limit()
	defer cancel()
	answer, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{in.Topic}})
	if err == nil {
		err = answer.Errors[in.Topic]
	}
	return nil, err
}

func flood(in serve.Input) (serve.Output, error) {
	if in.Idempotent {
		return nil, serve.Unsupported("its writer has no idempotence")
	}
	writer := &kafka.Writer{
		Addr: kafka.TCP(server), Topic: in.Topic, RequiredAcks: kafka.RequireAll, Transport: &kafka.Transport{},
		BatchSize: 200, BatchTimeout: 10 * time.Millisecond,
		MaxAttempts: 1000, WriteBackoffMin: 10 * time.Millisecond, WriteBackoffMax: 50 * time.Millisecond,
		Balancer: kafka.BalancerFunc(func(message kafka.Message, _ ...int) int {
			number, _ := strconv.Atoi(string(message.Key))
			return number % int(in.Partitions)
		}),
	}
	messages := make([]kafka.Message, in.Count)
	for number := range messages {
		messages[number] = kafka.Message{Key: []byte(strconv.Itoa(number)), Value: []byte(in.Value)}
	}
	failed := []int{}
	err := writer.WriteMessages(context.Background(), messages...)
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		for number, one := range each {
			if one != nil {
				failed = append(failed, number)
			}
		}
	} else if err != nil {
		return nil, err
	}
	return serve.Output{"failed": failed}, writer.Close()
}

func drain(in serve.Input) (serve.Output, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	numbers := serve.NewNumbers(in.Counts)
	for partition := range in.Counts {
		reader := kafka.NewReader(kafka.ReaderConfig{
			Brokers: []string{server}, Topic: in.Topic, Partition: partition, MaxWait: 100 * time.Millisecond,
			ReadBackoffMin: 10 * time.Millisecond, ReadBackoffMax: 50 * time.Millisecond,
		})
		defer reader.Close()
		go func() {
			for {
				message, err := reader.ReadMessage(ctx)
				if err != nil {
					return
				}
				numbers.Saw(int32(message.Partition), message.Key)
			}
		}()
	}
	select {
	case <-numbers.Done():
	case <-ctx.Done():
	}
	return numbers.Output(), nil
}

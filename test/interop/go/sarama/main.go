// Sarama, told what to do by the runner. Argument: host:port.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"interop/serve"
)

var (
	servers = []string{os.Args[1]}
	admin   sarama.ClusterAdmin
	member  sarama.ConsumerGroup
	state   serve.State
	stop    context.CancelFunc
	left    = make(chan struct{})
)

func main() {
	made, err := sarama.NewClusterAdmin(servers, config())
	if err != nil {
		panic(err)
	}
	admin = made
	serve.Run(serve.Version("github.com/IBM/sarama"), map[string]serve.Command{
		"connect": connect, "create": create, "describe": describe, "produce": produce, "consume": consume,
		"join": join, "leave": leave, "readGroup": readGroup, "deleteRecords": deleteRecords, "deleteTopic": deleteTopic,
		"flood": flood, "drain": drain,
		"state": func(serve.Input) (serve.Output, error) { return state.Output(), nil },
	})
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.MaxMessageBytes = 16 << 20
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	return config
}

func connect(serve.Input) (serve.Output, error) {
	brokers, _, err := admin.DescribeCluster()
	ids := []int32{}
	for _, broker := range brokers {
		ids = append(ids, broker.ID())
	}
	return serve.Output{"brokers": ids}, err
}

func create(in serve.Input) (serve.Output, error) {
	return nil, admin.CreateTopic(in.Topic, &sarama.TopicDetail{NumPartitions: in.Partitions, ReplicationFactor: 1}, false)
}

func describe(in serve.Input) (serve.Output, error) {
	topics, err := admin.DescribeTopics([]string{in.Topic})
	if err != nil {
		return nil, err
	}
	return serve.Output{"partitions": len(topics[0].Partitions)}, nil
}

func produce(in serve.Input) (serve.Output, error) {
	config := config()
	if err := config.Producer.Compression.UnmarshalText([]byte(in.Compression)); err != nil {
		return nil, err
	}
	if in.Idempotent {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewSyncProducer(servers, config)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	messages := []*sarama.ProducerMessage{}
	for _, one := range in.Records {
		message := &sarama.ProducerMessage{Topic: in.Topic, Partition: in.Partition, Timestamp: time.UnixMilli(one.Timestamp)}
		if one.Key != nil {
			message.Key = sarama.ByteEncoder(one.Key)
		}
		if one.Value != nil {
			message.Value = sarama.ByteEncoder(one.Value)
		}
		for _, header := range one.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header.Name), Value: header.Value})
		}
		messages = append(messages, message)
	}
	return nil, producer.SendMessages(messages)
}

func read(message *sarama.ConsumerMessage) serve.Record {
	record := serve.Record{
		Offset: message.Offset, Timestamp: message.Timestamp.UnixMilli(), Key: message.Key, Value: message.Value,
		Headers: []serve.Header{},
	}
	for _, header := range message.Headers {
		record.Headers = append(record.Headers, serve.Header{Name: string(header.Key), Value: header.Value})
	}
	return record
}

func consume(in serve.Input) (serve.Output, error) {
	config := config()
	config.Consumer.Return.Errors = true
	client, err := sarama.NewClient(servers, config)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	offset := in.Offset
	if in.Timestamp != nil {
		if offset, err = client.GetOffset(in.Topic, in.Partition, *in.Timestamp); err != nil {
			return nil, err
		}
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(in.Topic, in.Partition, offset)
	if err != nil {
		return nil, err
	}
	defer partition.Close()
	records := []serve.Record{}
	late := time.After(60 * time.Second)
	for len(records) < in.Count {
		select {
		case message := <-partition.Messages():
			records = append(records, read(message))
		case err := <-partition.Errors():
			return nil, err
		case <-late:
			return nil, fmt.Errorf("%d of %d records", len(records), in.Count)
		}
	}
	return serve.Output{"records": records}, nil
}

// handler is told of each generation's partitions and gets their records.
type handler struct {
	claimed func(partitions []int32)
	gone    func(partitions []int32)
	record  func(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage)
	topic   string
}

func (h handler) Setup(session sarama.ConsumerGroupSession) error {
	h.claimed(session.Claims()[h.topic])
	return nil
}

func (h handler) Cleanup(session sarama.ConsumerGroupSession) error {
	h.gone(session.Claims()[h.topic])
	return nil
}

func (h handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			h.record(session, message)
		case <-session.Context().Done():
			return nil
		}
	}
}

func join(in serve.Input) (serve.Output, error) {
	group, err := sarama.NewConsumerGroup(servers, in.Group, config())
	if err != nil {
		return nil, err
	}
	member = group
	ctx, cancel := context.WithCancel(context.Background())
	stop = cancel
	handler := handler{
		claimed: state.Assign,
		gone:    state.Revoke,
		topic:   in.Topic,
		record:  func(_ sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) { state.Saw(message.Value) },
	}
	go func() {
		defer close(left)
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{in.Topic}, handler); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}()
	return nil, nil
}

func leave(serve.Input) (serve.Output, error) {
	stop()
	<-left
	return nil, member.Close()
}

func readGroup(in serve.Input) (serve.Output, error) {
	group, err := sarama.NewConsumerGroup(servers, in.Group, config())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	records := []serve.Record{}
	nothing := func([]int32) {}
	handler := handler{claimed: nothing, gone: nothing, topic: in.Topic,
		record: func(session sarama.ConsumerGroupSession, message *sarama.ConsumerMessage) {
			if len(records) == in.Count {
				return
			}
			records = append(records, read(message))
			session.MarkMessage(message, "")
			if len(records) == in.Count {
				session.Commit()
				cancel()
			}
		},
	}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{in.Topic}, handler); err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
	return serve.Output{"records": records}, group.Close()
}

func deleteRecords(in serve.Input) (serve.Output, error) {
	return nil, admin.DeleteRecords(in.Topic, map[int32]int64{in.Partition: in.Offset})
}

func deleteTopic(in serve.Input) (serve.Output, error) {
	return nil, admin.DeleteTopic(in.Topic)
}

func flood(in serve.Input) (serve.Output, error) {
	config := config()
	config.Net.MaxOpenRequests = 1
	config.Producer.Idempotent = in.Idempotent
	config.Producer.Retry.Max = 1000
	config.Producer.Retry.Backoff = 10 * time.Millisecond
	config.Metadata.Retry.Backoff = 10 * time.Millisecond
	config.Producer.Flush.MaxMessages = 200
	producer, err := sarama.NewAsyncProducer(servers, config)
	if err != nil {
		return nil, err
	}
	failed := []int{}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		for range in.Count {
			select {
			case <-producer.Successes():
			case failure := <-producer.Errors():
				fmt.Fprintln(os.Stderr, failure)
				failed = append(failed, failure.Msg.Metadata.(int))
			}
		}
	}()
	for number := range in.Count {
		producer.Input() <- &sarama.ProducerMessage{
			Topic: in.Topic, Partition: int32(number) % in.Partitions, Metadata: number,
			Key: sarama.StringEncoder(strconv.Itoa(number)), Value: sarama.StringEncoder(in.Value),
		}
	}
	<-settled
	return serve.Output{"failed": failed}, producer.Close()
}

func drain(in serve.Input) (serve.Output, error) {
	config := config()
	config.Consumer.Retry.Backoff = 10 * time.Millisecond
	config.Metadata.Retry.Backoff = 10 * time.Millisecond
	consumer, err := sarama.NewConsumer(servers, config)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	numbers := serve.NewNumbers(in.Counts)
	for partition := range in.Counts {
		one, err := consumer.ConsumePartition(in.Topic, int32(partition), sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		defer one.AsyncClose()
		go func() {
			for message := range one.Messages() {
				numbers.Saw(message.Partition, message.Key)
			}
		}()
	}
	select {
	case <-numbers.Done():
	case <-time.After(50 * time.Second):
	}
	return numbers.Output(), nil
}

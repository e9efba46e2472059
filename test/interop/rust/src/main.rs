//! rskafka, told what to do by the runner (matrix/driver-protocol.ts). Argument: host:port.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use rskafka::client::partition::{Compression, OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use rskafka::record::Record;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// What the client has no way to do; the runner shows it as such.
const UNSUPPORTED: &str = "unsupported: ";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let server = std::env::args().nth(1).ok_or("host:port")?;
    let client = ClientBuilder::new(vec![server]).build().await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", json!({ "version": format!("{} (Rust)", env!("RSKAFKA_VERSION")) }))?;
    for line in std::io::stdin().lock().lines() {
        let input: Value = serde_json::from_str(&line?)?;
        let answer = match run(&client, &input).await {
            Ok(output) => json!({ "ok": output }),
            Err(failure) => match failure.to_string().strip_prefix(UNSUPPORTED) {
                Some(why) => json!({ "unsupported": why }),
                None => json!({ "error": failure.to_string() }),
            },
        };
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn unsupported(why: &str) -> Failure {
    format!("{UNSUPPORTED}{why}").into()
}

async fn partition_of(client: &Client, input: &Value) -> Result<PartitionClient, Failure> {
    let topic = input["topic"].as_str().ok_or("topic")?;
    let partition = i32::try_from(input["partition"].as_i64().ok_or("partition")?)?;
    Ok(client.partition_client(topic, partition, UnknownTopicHandling::Retry).await?)
}

async fn run(client: &Client, input: &Value) -> Result<Value, Failure> {
    let topic = input["topic"].as_str().unwrap_or_default();
    match input["op"].as_str().unwrap_or_default() {
        "connect" => {
            client.list_topics().await?;
            Ok(json!({}))
        }
        "create" => {
            let partitions = i32::try_from(input["partitions"].as_i64().ok_or("partitions")?)?;
            client.controller_client()?.create_topic(topic, partitions, 1, 5000).await?;
            Ok(json!({}))
        }
        "describe" => {
            let topics = client.list_topics().await?;
            let found = topics.iter().find(|one| one.name == topic).ok_or("no such topic")?;
            Ok(json!({ "partitions": found.partitions.len() }))
        }
        "produce" => produce(client, input).await,
        "consume" => consume(client, input).await,
        "deleteRecords" => {
            let offset = input["offset"].as_i64().ok_or("offset")?;
            partition_of(client, input).await?.delete_records(offset, 5000).await?;
            Ok(json!({}))
        }
        "deleteTopic" => {
            client.controller_client()?.delete_topic(topic, 5000).await?;
            Ok(json!({}))
        }
        "flood" => flood(client, input).await,
        "drain" => drain(client, input).await,
        "join" | "readGroup" => Err(unsupported("it has no groups")),
        _ => Err(unsupported("no such command")),
    }
}

async fn produce(client: &Client, input: &Value) -> Result<Value, Failure> {
    if input["idempotent"] == json!(true) {
        return Err(unsupported("it has no idempotent producer"));
    }
    let compression = match input["compression"].as_str().unwrap_or_default() {
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => Compression::NoCompression,
    };
    let mut records = Vec::new();
    for one in input["records"].as_array().ok_or("records")? {
        let mut headers = BTreeMap::new();
        for header in one["headers"].as_array().ok_or("headers")? {
            let name = header[0].as_str().ok_or("name")?.to_owned();
            let value = bytes(&header[1])?.ok_or_else(|| unsupported("values of its headers cannot be null"))?;
            if headers.insert(name, value).is_some() {
                return Err(unsupported("its headers are a map: names do not repeat"));
            }
        }
        let timestamp = one["timestamp"].as_i64().and_then(DateTime::from_timestamp_millis).ok_or("timestamp")?;
        records.push(Record { key: bytes(&one["key"])?, value: bytes(&one["value"])?, headers, timestamp });
    }
    partition_of(client, input).await?.produce(records, compression).await?;
    Ok(json!({}))
}

async fn consume(client: &Client, input: &Value) -> Result<Value, Failure> {
    let partition = partition_of(client, input).await?;
    let mut offset = match (input["timestamp"].as_i64(), input["offset"].as_i64()) {
        (Some(time), _) => {
            let time = DateTime::from_timestamp_millis(time).ok_or("timestamp")?;
            partition.get_offset(OffsetAt::Timestamp(time)).await?
        }
        (None, Some(offset)) if offset >= 0 => offset,
        _ => partition.get_offset(OffsetAt::Earliest).await?,
    };
    let count = usize::try_from(input["count"].as_u64().ok_or("count")?)?;
    let mut records = Vec::new();
    while records.len() < count {
        let (fetched, _) = partition.fetch_records(offset, 1..32_000_000, 1000).await?;
        for one in fetched.into_iter().take(count - records.len()) {
            offset = one.offset + 1;
            let Record { key, value, headers, timestamp } = one.record;
            let headers: Vec<_> = headers.iter().map(|(name, value)| json!([name, STANDARD.encode(value)])).collect();
            let base64 = |bytes: Option<Vec<u8>>| bytes.map(|bytes| STANDARD.encode(bytes));
            records.push(json!({
                "offset": one.offset, "timestamp": timestamp.timestamp_millis(),
                "key": base64(key), "value": base64(value), "headers": headers,
            }));
        }
    }
    Ok(json!({ "records": records }))
}

/// Of each partition, the client and how many numbers it is about.
type Share = (Arc<PartitionClient>, usize);

async fn partitions_of(client: &Client, input: &Value, counts: &[usize]) -> Result<Vec<Share>, Failure> {
    let mut shares = Vec::new();
    for (index, count) in counts.iter().enumerate() {
        let of = json!({ "topic": input["topic"], "partition": index });
        shares.push((Arc::new(partition_of(client, &of).await?), *count));
    }
    Ok(shares)
}

async fn flood(client: &Client, input: &Value) -> Result<Value, Failure> {
    if input["idempotent"] == json!(true) {
        return Err(unsupported("it has no idempotent producer"));
    }
    let partitions = usize::try_from(input["partitions"].as_u64().ok_or("partitions")?)?;
    let count = usize::try_from(input["count"].as_u64().ok_or("count")?)?;
    let value = input["value"].as_str().ok_or("value")?.as_bytes().to_vec();
    let mut tasks = Vec::new();
    let shares = partitions_of(client, input, &vec![0; partitions]).await?;
    for (index, (partition, _)) in shares.into_iter().enumerate() {
        let numbers: Vec<usize> = (index..count).step_by(partitions).collect();
        let value = value.clone();
        // It waits for each answer; partitions go side by side.
        tasks.push(tokio::spawn(async move {
            let mut failed = Vec::new();
            for some in numbers.chunks(200) {
                let record = |number: &usize| Record {
                    key: Some(number.to_string().into_bytes()),
                    value: Some(value.clone()),
                    headers: BTreeMap::new(),
                    timestamp: Utc::now(),
                };
                let records = some.iter().map(record).collect();
                if partition.produce(records, Compression::NoCompression).await.is_err() {
                    failed.extend_from_slice(some);
                }
            }
            failed
        }));
    }
    let mut failed = Vec::new();
    for task in tasks {
        failed.extend(task.await?);
    }
    Ok(json!({ "failed": failed }))
}

async fn drain(client: &Client, input: &Value) -> Result<Value, Failure> {
    let counts: Vec<usize> = serde_json::from_value(input["counts"].clone())?;
    let mut tasks = Vec::new();
    for (partition, count) in partitions_of(client, input, &counts).await? {
        tasks.push(tokio::spawn(async move {
            let mut numbers: Vec<i64> = Vec::new();
            let mut offset = 0;
            while numbers.len() < count {
                let (records, _) = partition.fetch_records(offset, 1..1_000_000, 500).await.map_err(|one| one.to_string())?;
                for one in records {
                    offset = one.offset + 1;
                    let key = String::from_utf8(one.record.key.unwrap_or_default()).unwrap_or_default();
                    numbers.push(key.parse().unwrap_or(-1));
                }
            }
            Ok::<_, String>(numbers)
        }));
    }
    let mut read = Vec::new();
    for task in tasks {
        read.push(task.await??);
    }
    Ok(json!({ "read": read }))
}

fn bytes(text: &Value) -> Result<Option<Vec<u8>>, Failure> {
    Ok(text.as_str().map(|text| STANDARD.decode(text)).transpose()?)
}

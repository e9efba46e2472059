//! Tells the program which rskafka Cargo.lock names.

fn main() {
    println!("cargo:rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string("Cargo.lock").expect("Cargo.lock");
    let version = lock.split("name = \"rskafka\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    println!("cargo:rustc-env=RSKAFKA_VERSION={}", version.expect("rskafka in Cargo.lock"));
}

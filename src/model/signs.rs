//! Signs of gRPC and of TLS in names, port numbers, images, variables and commands.
//!
//! One weighted table for all dialects; the weights stand with [`EvidenceKind`]. Comments are no signs, and
//! neither are variables that configure a *client*.

use super::{Evidence, EvidenceKind, TlsEvidence, TlsSign};
use crate::source::Span;

/// Factor for words such as `grpc-web` or `grpc-metrics`, which speak of something beside gRPC.
const BESIDE_GRPC: f64 = 0.2;

/// What is left of a name that says HTTP/2 and nothing of gRPC.
const HTTP2_ALONE: f64 = 0.75;

/// Whose name it is, which decides how much it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOf {
    /// The port or the target group itself.
    Own(&'static str),
    /// Something around it: container, workload, service, listener, Ingress.
    Nearby(&'static str),
}

/// Words after `grpc` that make it something else: an HTTP front end, a metrics port, a client.
const OTHER_WORDS: [&str; 20] = [
    "web",
    "gateway",
    "gw",
    "gwy",
    "transcoding",
    "transcoder",
    "json",
    "rest",
    "http",
    "http1",
    "metrics",
    "prom",
    "prometheus",
    "debug",
    "pprof",
    "client",
    "bench",
    "loadtest",
    "exporter",
    "ui",
];

/// Products by a word of their image and the port on which they serve gRPC and nothing else.
const PRODUCTS: [(&str, &[u16]); 26] = [
    ("otel", &[4317]),
    ("opentelemetry", &[4317]),
    ("adot", &[4317]),
    ("alloy", &[4317]),
    ("jaeger", &[14250, 4317]),
    ("jaegertracing", &[14250, 4317]),
    ("tempo", &[4317]),
    ("temporal", &[7233, 7234, 7235, 7239]),
    ("temporalio", &[7233, 7234, 7235, 7239]),
    ("thanos", &[10901]),
    ("qdrant", &[6334]),
    ("triton", &[8001]),
    ("tritonserver", &[8001]),
    ("skywalking", &[11800]),
    ("dapr", &[50001]),
    ("daprd", &[50001]),
    ("zeebe", &[26500]),
    ("camunda", &[26500]),
    ("weaviate", &[50051]),
    ("spicedb", &[50051]),
    ("cerbos", &[3593]),
    ("flagd", &[8013]),
    ("buildfarm", &[8980]),
    ("dgraph", &[9080]),
    ("immudb", &[3322]),
    ("vtgate", &[15991]),
];

/// The same, where the port serves HTTP as well, or the word may mean something else.
const PRODUCTS_PERHAPS: [(&str, &[u16]); 9] = [
    ("etcd", &[2379]),
    ("consul", &[8502, 8503]),
    ("milvus", &[19530]),
    ("serving", &[8500]),
    ("tempo", &[9095]),
    ("loki", &[9095]),
    ("mimir", &[9095]),
    ("openfga", &[8081]),
    ("flyteadmin", &[8089]),
];

/// HTTP ports of the same products, which speak against gRPC.
const PRODUCT_HTTP_PORTS: [(&str, &[u16]); 7] = [
    ("otel", &[4318]),
    ("opentelemetry", &[4318]),
    ("consul", &[8500, 8501]),
    ("triton", &[8000, 8002]),
    ("tritonserver", &[8000, 8002]),
    ("serving", &[8501]),
    ("qdrant", &[6333]),
];

/// The lower-case words of a name, split at punctuation and at camel case: `OrdersGrpcTG` is `orders grpc tg`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (idx, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let previous = idx.checked_sub(1).map(|before| chars[before]);
        let next = chars.get(idx + 1);
        let starts_word = c.is_uppercase()
            && previous.is_some_and(|p| p.is_lowercase() || p.is_ascii_digit())
            || c.is_uppercase()
                && previous.is_some_and(char::is_uppercase)
                && next.is_some_and(|n| n.is_lowercase());
        // `gRPC` is one word though it looks like two.
        let is_g_of_grpc = word == "g" && chars[idx..].iter().take(3).collect::<String>() == "RPC";
        if starts_word && !is_g_of_grpc && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.extend(c.to_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether some word of a name may have one of `parts` in it. Nearly all names have none, and are not taken to pieces.
fn may_have(name: &str, parts: &[&str]) -> bool {
    let has = |part: &&str| {
        name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    !name.is_ascii() || parts.iter().any(has)
}

fn is_grpc_word(word: &str) -> bool {
    matches!(word, "grpc" | "grpcs" | "grpcserver" | "grpcapi" | "grpcservice")
        || word
            .strip_prefix("grpc")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a name says gRPC, and whether what follows makes it something beside gRPC.
fn grpc_in(name: &str) -> Option<f64> {
    if !may_have(name, &["grpc"]) {
        return None;
    }
    let words = words(name);
    if words.iter().any(|word| {
        matches!(word.as_str(), "grpcweb" | "grpcgateway" | "grpcgw" | "grpcwebproxy" | "grpcui" | "grpcurl")
    }) {
        return Some(BESIDE_GRPC);
    }
    let at = words.iter().position(|word| is_grpc_word(word))?;
    let other = words[at + 1..].iter().any(|word| OTHER_WORDS.contains(&word.as_str()));
    let other_before = at > 0 && matches!(words[at - 1].as_str(), "non" | "no" | "not");
    Some(if other || other_before { BESIDE_GRPC } else { 1.0 })
}

/// Whether a name says that an HTTP/1.1 front end of gRPC stands there (gRPC-Web, gateway, transcoder).
pub fn is_grpc_web(name: &str) -> bool {
    if !may_have(name, &["grpc"]) {
        return false;
    }
    let words = words(name);
    let pair =
        |second: &[&str]| words.windows(2).any(|two| two[0] == "grpc" && second.contains(&two[1].as_str()));
    words.iter().any(|word| matches!(word.as_str(), "grpcweb" | "grpcwebproxy" | "grpcgateway" | "grpcgw"))
        || pair(&["web", "gateway", "gw", "gwy", "transcoding", "transcoder", "json", "rest"])
}

/// Whether a name or variable speaks of long-lived streams.
pub fn is_streaming(name: &str) -> bool {
    may_have(name, &["stream", "watch", "subscri", "events"])
        && words(name).iter().any(|word| {
            matches!(
                word.as_str(),
                "stream"
                    | "streams"
                    | "streaming"
                    | "watch"
                    | "watcher"
                    | "subscribe"
                    | "subscription"
                    | "subscriptions"
                    | "events"
            )
        })
}

/// What a name says.
pub fn name(whose: NameOf, name: &str, span: Span) -> Option<Evidence> {
    let (kind, thing) = match whose {
        NameOf::Own(thing) => (EvidenceKind::OwnName, thing),
        NameOf::Nearby(thing) => (EvidenceKind::NearbyName, thing),
    };
    if let Some(factor) = grpc_in(name) {
        return Some(Evidence { kind, factor, text: format!("{thing} is named `{name}`"), span });
    }
    if !may_have(name, &["h2c", "http2", "rpc", "proto", "tonic"]) {
        return None;
    }
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if matches!(whose, NameOf::Own(_)) && has(&["h2c", "http2"]) {
        let text = format!("{thing} is named `{name}`");
        // Gateways of meshes call all that they take `http2`; who says `h2c` wants it without TLS, as gRPC does.
        let factor = if has(&["h2c"]) { 1.0 } else { HTTP2_ALONE };
        return Some(Evidence { kind: EvidenceKind::Http2Name, factor, text, span });
    }
    if has(&["rpc", "proto", "protobuf", "tonic", "grpcio"]) {
        return Some(Evidence::new(EvidenceKind::Weak, span, format!("{thing} is named `{name}`")));
    }
    None
}

/// What a port number says by itself. `thing` is `container port`, `port`, `target port` …
pub fn port_number(thing: &str, number: i64, span: Span) -> Option<Evidence> {
    let kind = match number {
        50051..=50059 => EvidenceKind::WellKnownPort,
        9000 | 9095 | 6565 | 50050 => EvidenceKind::Weak,
        // OTLP, Temporal, Thanos, Jaeger and Zeebe serve gRPC and nothing else there.
        4317 | 7233 | 10901 | 14250 | 26500 => EvidenceKind::Weak,
        _ => return None,
    };
    Some(Evidence::new(kind, span, format!("{thing} is {number}")))
}

/// What the image (or the name) of a container says about one of its ports.
pub fn product(image: &str, number: i64, span: Span) -> Option<Evidence> {
    let number = u16::try_from(number).ok()?;
    let is_listed = |table: &[(&str, &[u16])]| table.iter().any(|(_, ports)| ports.contains(&number));
    if !is_listed(&PRODUCTS) && !is_listed(&PRODUCTS_PERHAPS) && !is_listed(&PRODUCT_HTTP_PORTS) {
        return None;
    }
    let words = words(image);
    let hit = |table: &[(&str, &[u16])]| {
        table.iter().any(|(word, ports)| ports.contains(&number) && words.iter().any(|w| w == word))
    };
    if hit(&PRODUCT_HTTP_PORTS) {
        return None;
    }
    if number == 4317 && words.iter().any(|word| word == "otlp") {
        let text = format!("`{image}` on port 4317 is OTLP over gRPC");
        return Some(Evidence::new(EvidenceKind::Argument, span, text));
    }
    let perhaps = || hit(&PRODUCTS_PERHAPS).then_some(EvidenceKind::KnownProduct);
    let kind = if hit(&PRODUCTS) { EvidenceKind::Argument } else { perhaps()? };
    Some(Evidence::new(kind, span, format!("`{image}` serves gRPC on port {number}")))
}

/// What an application protocol says: `grpc` is declared, HTTP/2 only likely.
pub fn app_protocol(value: &str, span: Span) -> Option<Evidence> {
    let text = format!("application protocol is `{value}`");
    let lower = value.to_ascii_lowercase();
    match lower.strip_prefix("kubernetes.io/").unwrap_or(&lower) {
        "grpc" | "grpcs" => Some(Evidence::new(EvidenceKind::OwnName, span, text)),
        "h2c" | "http2" | "h2" => Some(Evidence::new(EvidenceKind::Http2Name, span, text)),
        _ => None,
    }
}

/// What an environment variable says about a port: a server variable with GRPC in its name whose value is the port.
pub fn env(variable: &str, value: &str, number: i64, span: Span) -> Option<Evidence> {
    if grpc_in(variable) != Some(1.0) || is_client_variable(variable, value) || port_in(value) != Some(number)
    {
        return None;
    }
    Some(Evidence::new(EvidenceKind::Argument, span, format!("`{variable}` is {value}")))
}

/// What a command line argument (`--grpc-port=50051`, or `--grpc-port` and then `50051`) says about a port.
pub fn argument(flag: &str, value: &str, number: i64, span: Span) -> Option<Evidence> {
    let flag_name = flag.trim_start_matches('-');
    if grpc_in(flag_name) != Some(1.0) || port_in(value) != Some(number) {
        return None;
    }
    Some(Evidence::new(EvidenceKind::Argument, span, format!("argument `{flag}` is {value}")))
}

/// The port at the end of `50051`, `:50051`, `0.0.0.0:50051` or `[::]:50051`; nothing for a remote address.
fn port_in(value: &str) -> Option<i64> {
    let value = value.trim();
    let (host, port) = value.rsplit_once(':').unwrap_or(("", value));
    let local = matches!(
        host,
        "" | "0.0.0.0"
            | "[::]"
            | "localhost"
            | "127.0.0.1"
            | "*"
            | "tcp"
            | "http"
            | "tcp://0.0.0.0"
            | "http://0.0.0.0"
            | "tcp://"
            | "http://+"
            | "http://*"
            | "http://[::]"
    );
    if local { port.parse().ok() } else { None }
}

/// Variables that configure a client or a library, not a server.
fn is_client_variable(variable: &str, value: &str) -> bool {
    let upper = variable.to_ascii_uppercase();
    ["GRPC_VERBOSITY", "GRPC_TRACE", "GRPC_GO_LOG", "GRPC_ENABLE", "GRPC_DNS"]
        .iter()
        .any(|start| upper.starts_with(start))
        || ["_ENDPOINT", "_TARGET", "_CLIENT", "_UPSTREAM", "_URL"].iter().any(|end| upper.ends_with(end))
        || value.contains("svc.cluster.local")
}

/// Whether a probe command runs a gRPC client; then the port that it asks, and whether it uses TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeCommand {
    /// The program's name.
    pub program: &'static str,
    /// The port in its address.
    pub port: Option<i64>,
    /// Whether it was told to use TLS.
    pub tls: bool,
}

/// Reads a probe command, given as its words or as one shell line.
pub fn probe_command(command: &[&str]) -> Option<ProbeCommand> {
    let parts: Vec<&str> = command.iter().flat_map(|part| part.split_whitespace()).collect();
    let at = parts.iter().position(|part| program_of(part).is_some())?;
    let program = program_of(parts[at])?;
    let arguments = &parts[at + 1..];
    let mut port = None;
    for (idx, argument) in arguments.iter().enumerate() {
        let flag = argument.trim_start_matches('-');
        if let Some(address) = flag.strip_prefix("addr=") {
            port = address_port(address);
        } else if flag == "addr" {
            port = arguments.get(idx + 1).and_then(|address| address_port(address));
        } else if program == "grpcurl" && port.is_none() && !argument.starts_with('-') {
            port = address_port(argument);
        }
    }
    let tls = match program {
        "grpcurl" => !arguments.contains(&"-plaintext") && !arguments.contains(&"--plaintext"),
        _ => arguments.iter().any(|argument| argument.trim_start_matches('-').starts_with("tls")),
    };
    Some(ProbeCommand { program, port, tls })
}

/// The port that a probe command asks over HTTP/1.1 with `curl` or `wget`, on its own machine.
pub fn http_command(command: &[&str]) -> Option<i64> {
    let parts: Vec<&str> = command.iter().flat_map(|part| part.split_whitespace()).collect();
    let is_client = |part: &&str| matches!(part.rsplit('/').next(), Some("curl" | "wget"));
    let at = parts.iter().position(is_client)?;
    let arguments = &parts[at + 1..];
    if arguments.iter().any(|argument| argument.starts_with("--http2")) {
        return None;
    }
    arguments.iter().find_map(|argument| {
        let address = argument.trim_matches(|c| matches!(c, '"' | '\'' | ';'));
        let address =
            address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).unwrap_or(address);
        let (host, rest) = address.rsplit_once(':')?;
        let port = rest.split('/').next()?.parse().ok()?;
        matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[::1]").then_some(port)
    })
}

fn program_of(word: &str) -> Option<&'static str> {
    let word = word.trim_matches(|c| matches!(c, '"' | '\'' | ';'));
    match word.rsplit('/').next().unwrap_or(word) {
        "grpc_health_probe" | "grpc-health-probe" => Some("grpc_health_probe"),
        "grpcurl" => Some("grpcurl"),
        _ => None,
    }
}

fn address_port(address: &str) -> Option<i64> {
    let address = address.trim_matches(|c| matches!(c, '"' | '\'' | ';'));
    address.rsplit_once(':')?.1.parse().ok()
}

/// Whether a path is the path of an RPC or of a whole gRPC service: `/pkg.v1.Service`, `/pkg.v1.Service/*`, `/pkg.v1.Service/Method`.
pub fn is_rpc_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let (service, method) = rest.split_once('/').unwrap_or((rest, "*"));
    let is_ident = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let parts: Vec<&str> = service.split('.').collect();
    let service_ok = parts.len() > 1
        && parts.iter().all(|part| is_ident(part))
        && parts.last().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()));
    let method_ok = method == "*" || is_ident(method) && method.starts_with(|c: char| c.is_ascii_uppercase());
    service_ok && method_ok
}

/// What a port's or container's name, or an application protocol, says about TLS.
pub fn tls_word(thing: &str, value: &str, span: Span) -> Option<TlsEvidence> {
    if !may_have(value, &["grpcs", "https", "tls", "ssl", "h2c", "plaintext", "insecure"]) {
        return None;
    }
    let words = words(value);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let sign = if has(&["grpcs", "https", "tls", "ssl"]) {
        TlsSign::Tls
    } else if has(&["h2c", "plaintext", "insecure"]) {
        TlsSign::Plaintext
    } else {
        return None;
    };
    Some(TlsEvidence { sign, text: format!("{thing} is `{value}`"), span })
}

/// What a port number says about TLS: 443 and 8443 are customary for it.
pub fn tls_port(thing: &str, number: i64, span: Span) -> Option<TlsEvidence> {
    matches!(number, 443 | 8443).then(|| TlsEvidence {
        sign: TlsSign::Tls,
        text: format!("{thing} is {number}"),
        span,
    })
}

/// What an environment variable, or a flag with its value, says about TLS.
pub fn tls_setting(setting: &str, value: &str, span: Span) -> Option<TlsEvidence> {
    if !may_have(setting, &["insecure", "plaintext", "tls", "ssl"]) {
        return None;
    }
    let words = words(setting.trim_start_matches('-'));
    let has = |word: &str| words.iter().any(|w| w == word);
    let off =
        matches!(value.to_ascii_lowercase().as_str(), "false" | "0" | "off" | "no" | "disabled" | "disable");
    let evidence = |sign| Some(TlsEvidence { sign, text: format!("`{setting}` is set"), span });
    if has("insecure") || has("plaintext") {
        return if off { None } else { evidence(TlsSign::Plaintext) };
    }
    let client = ["client", "upstream", "verify", "skip"].iter().any(|word| has(word));
    if client || !(has("tls") || has("ssl")) {
        return None;
    }
    if off {
        return evidence(TlsSign::Plaintext);
    }
    let on = matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "on" | "yes" | "enabled" | "");
    let file = ["cert", "key", "crt", "certificate", "certfile", "keyfile"].iter().any(|word| has(word));
    if on || file { evidence(TlsSign::Tls) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn span() -> Span {
        Span::new(FileId(0), 0, 0)
    }

    #[track_caller]
    fn check_words(name: &str, expected: &[&str]) {
        assert_eq!(words(name), expected, "{name}");
    }

    #[test]
    fn words_of_names() {
        check_words("OrdersGrpcTG", &["orders", "grpc", "tg"]);
        check_words("gRPCTargetGroup", &["grpc", "target", "group"]);
        check_words("GRPCTargetGroup", &["grpc", "target", "group"]);
        check_words("OrdersgRPC", &["ordersg", "rpc"]);
        check_words("my-grpc_port.v1", &["my", "grpc", "port", "v1"]);
        check_words("main_26500", &["main", "26500"]);
    }

    #[track_caller]
    fn check_name(text: &str, expected: Option<f64>) {
        let found = name(NameOf::Own("port"), text, span())
            .map(|e| (e.kind.weight() * e.factor * 100.0).round() / 100.0);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names() {
        check_name("grpc", Some(0.9));
        check_name("IdentityGrpcTargetGroup", Some(0.9));
        check_name("otlp-grpc", Some(0.9));
        check_name("grpc-web", Some(0.18));
        check_name("grpc-metrics", Some(0.18));
        check_name("grpcweb", Some(0.18));
        check_name("h2c", Some(0.6));
        check_name("rpc", Some(0.2));
        check_name("http", None);
        check_name("programmer", None);
    }

    #[test]
    fn arguments_and_variables() {
        assert!(env("GRPC_PORT", "50051", 50051, span()).is_some());
        assert!(env("ORDERS_GRPC_ADDR", ":50051", 50051, span()).is_some());
        assert!(env("ORDERS_GRPC_ENDPOINT", "orders:50051", 50051, span()).is_none());
        assert!(env("GRPC_PORT", "50052", 50051, span()).is_none());
        assert!(argument("--grpc-port", "9000", 9000, span()).is_some());
    }

    #[test]
    fn port_numbers() {
        let kind = |number| port_number("port", number, span()).map(|evidence| evidence.kind);
        assert_eq!(kind(50051), Some(EvidenceKind::WellKnownPort));
        for number in [9000, 4317, 26500] {
            assert_eq!(kind(number), Some(EvidenceKind::Weak), "{number}");
        }
        for number in [443, 2379, 4318, 8080] {
            assert_eq!(kind(number), None, "{number}");
        }
    }

    #[test]
    fn probe_commands() {
        let found = probe_command(&["CMD-SHELL", "/bin/grpc_health_probe -addr=localhost:50051 || exit 1"]);
        assert_eq!(found, Some(ProbeCommand { program: "grpc_health_probe", port: Some(50051), tls: false }));
        let found =
            probe_command(&["grpcurl", "-plaintext", "localhost:9000", "grpc.health.v1.Health/Check"]);
        assert_eq!(found.and_then(|probe| probe.port), Some(9000));
        assert_eq!(probe_command(&["curl", "localhost:80"]), None);
        let shell = "curl -f http://localhost:50051/health || exit 1";
        assert_eq!(http_command(&["CMD-SHELL", shell]), Some(50051));
        assert_eq!(http_command(&["wget", "-q", "127.0.0.1:8080"]), Some(8080));
        assert_eq!(http_command(&["curl", "http://other:50051/"]), None);
        assert_eq!(http_command(&["curl", "--http2-prior-knowledge", "http://localhost:50051"]), None);
    }

    #[test]
    fn rpc_paths() {
        for path in ["/helloworld.Greeter", "/pkg.v1.Orders/*", "/pkg.v1.Orders/Get"] {
            assert!(is_rpc_path(path), "{path}");
        }
        for path in ["/", "/*", "/healthz", "/index.html", "/api/v1.0/Orders", "/pkg.v1.orders/*"] {
            assert!(!is_rpc_path(path), "{path}");
        }
    }

    #[test]
    fn tls_settings() {
        let sign = |setting, value| tls_setting(setting, value, span()).map(|evidence| evidence.sign);
        assert_eq!(sign("--tls-cert", "/certs/tls.crt"), Some(TlsSign::Tls));
        assert_eq!(sign("GRPC_TLS_ENABLED", "false"), Some(TlsSign::Plaintext));
        assert_eq!(sign("--insecure", ""), Some(TlsSign::Plaintext));
        assert_eq!(sign("TLS_CLIENT_CERT", "/x"), None);
        assert_eq!(sign("LOG_LEVEL", "debug"), None);
    }
}

//! Connection strings of StackExchange.Redis, option by option.

use std::time::Duration;

use campanile_hub_redis::RedisOptions;

fn parse(text: &str) -> RedisOptions {
    RedisOptions::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    RedisOptions::parse(text)
        .err()
        .unwrap_or_else(|| panic!("{text} is taken"))
        .to_string()
}

#[test]
fn each_option_sets_what_it_says() {
    let seconds = Duration::from_secs;
    let milliseconds = Duration::from_millis;
    let default = RedisOptions::default();
    assert!(!parse("a").abort_on_connect_fail);
    assert!(parse("a,abortConnect=true").abort_on_connect_fail);
    assert!(!parse("a,abortConnect=false").abort_on_connect_fail);
    assert_eq!(
        parse("a,asyncTimeout=300").response_timeout,
        milliseconds(300)
    );
    assert_eq!(
        parse("a,syncTimeout=400").response_timeout,
        milliseconds(400)
    );
    assert_eq!(parse("a,channelPrefix=shop:").channel_prefix, "shop:");
    assert_eq!(parse("a,channelPrefix=").channel_prefix, "");
    assert_eq!(
        parse("a,connectTimeout=1500").connect_timeout,
        milliseconds(1500)
    );
    assert_eq!(parse("a,defaultDatabase=7").database, 7);
    assert_eq!(parse("a,keepAlive=45").keep_alive, seconds(45));
    for default_of_dotnet in ["a,keepAlive=-1", "a,keepAlive=0"] {
        assert_eq!(parse(default_of_dotnet).keep_alive, default.keep_alive);
    }
    assert_eq!(parse("a,password=p=w;x").password.as_deref(), Some("p=w;x"));
    assert_eq!(parse("a,password=").password, None);
    assert_eq!(parse("a,user=farm").user.as_deref(), Some("farm"));
    let watched = parse("a,b:77,serviceName=main");
    assert_eq!(watched.service_name.as_deref(), Some("main"));
    let sentinels = [("a".to_owned(), 26379), ("b".to_owned(), 77)];
    assert_eq!(watched.endpoints, sentinels);
}

#[test]
fn names_of_options_are_compared_ignoring_case_and_the_last_one_counts() {
    let options = parse("a , CHANNELPREFIX = x: ,channelprefix=y:");
    assert_eq!(options.channel_prefix, "y:");
    assert_eq!(options.endpoints, [("a".to_owned(), 6379)]);
}

#[cfg(feature = "tls")]
#[test]
fn ssl_is_tls_on_its_own_port() {
    let options = parse("a,b:77,ssl=true");
    assert!(options.tls);
    let endpoints = [("a".to_owned(), 6380), ("b".to_owned(), 77)];
    assert_eq!(options.endpoints, endpoints);
    assert!(!parse("a,ssl=false").tls);
}

#[cfg(not(feature = "tls"))]
#[test]
fn ssl_needs_the_feature() {
    assert_eq!(
        error("a,ssl=true"),
        "the option 'ssl' is not supported: build campanile-hub-redis with the feature `tls`"
    );
    assert!(!parse("a,ssl=false").tls);
}

#[test]
fn what_makes_no_difference_is_taken() {
    let plain = format!("{:?}", parse("a"));
    for option in [
        "allowAdmin=true",
        "checkCertificateRevocation=false",
        "configChannel=changes",
        "configCheckSeconds=60",
        "connectRetry=3",
        "highIntegrity=false",
        "highPriorityThreads=true",
        "name=shop",
        "preserveAsyncOrder=false",
        "protocol=resp3",
        "proxy=None",
        "resolveDns=true",
        "responseTimeout=1000",
        "setlib=false",
        "tiebreaker=",
        "version=7.2",
        "writeBuffer=4096",
    ] {
        let taken = parse(&format!("a,{option}"));
        assert_eq!(format!("{taken:?}"), plain, "{option}");
    }
}

#[test]
fn what_cannot_be_had_is_named() {
    for name in ["proxy", "sslHost", "sslProtocols", "tunnel"] {
        let error = error(&format!("a,{name}=x"));
        let begin = format!("the option '{name}' is not supported: ");
        assert!(error.starts_with(&begin), "{error}");
    }
}

#[test]
fn what_is_not_known_is_named_with_what_is_near() {
    #[rustfmt::skip]
    let cases = [
        ("a,pasword=x", "unknown option 'pasword', did you mean 'password'?"),
        ("a,chanelPrefix=x", "unknown option 'chanelPrefix', did you mean 'channelPrefix'?"),
        ("a,asynctimeouts=1", "unknown option 'asynctimeouts', did you mean 'asyncTimeout'?"),
        ("a,resolvDns=true", "unknown option 'resolvDns', did you mean 'resolveDns'?"),
        ("a,colour=red", "unknown option 'colour'"),
        ("redis://a?colour=red", "unknown option 'colour'"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected);
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_with_its_option() {
    let boolean = "true or false";
    let number = "a whole number";
    let milliseconds = "a number of milliseconds greater than zero";
    for (name, value, expected) in [
        ("abortConnect", "perhaps", boolean),
        ("allowAdmin", "2", boolean),
        ("asyncTimeout", "0", milliseconds),
        ("checkCertificateRevocation", "", boolean),
        ("configCheckSeconds", "often", number),
        ("connectRetry", "3.5", number),
        ("connectTimeout", "5s", milliseconds),
        ("defaultDatabase", "-1", number),
        ("defaultDatabase", "main", number),
        ("highIntegrity", "high", boolean),
        ("highPriorityThreads", "4", boolean),
        ("keepAlive", "60s", number),
        ("preserveAsyncOrder", "x", boolean),
        ("resolveDns", "x", boolean),
        ("responseTimeout", "x", number),
        ("setlib", "SE.Redis", boolean),
        ("ssl", "tls", boolean),
        ("syncTimeout", "-5", milliseconds),
        ("writeBuffer", "4k", number),
    ] {
        let told = error(&format!("a,{name}={value}"));
        let wanted = format!("the option '{name}' has to be {expected}, not '{value}'");
        assert_eq!(told, wanted);
    }
    assert_eq!(
        error("redis://a/main"),
        "the option 'defaultDatabase' has to be a whole number, not 'main'"
    );
}

#[test]
fn what_is_no_endpoint_is_named() {
    for text in ["a:port", "a b", ":6379", "a:70000"] {
        let expected = format!("'{text}' is no endpoint: write host:port");
        assert_eq!(error(text), expected);
    }
}

//! DescribeConfigs.

use crate::body::{compare, text, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_configs::{
    ConfigSource, ConfigSynonym, ConfigType, DescribeConfigsRequest, DescribeConfigsResource,
    DescribeConfigsResponse, DescribeConfigsResult, DescribedConfig, RESOURCE_TYPE_BROKER,
    RESOURCE_TYPE_TOPIC,
};
use kafka_protocol::messages as theirs;
use theirs::{describe_configs_request as request, describe_configs_response as response};

#[test]
fn requests() {
    let ours = DescribeConfigsRequest {
        resources: vec![
            DescribeConfigsResource {
                resource_type: RESOURCE_TYPE_TOPIC,
                resource_name: "flights",
                configuration_keys: Some(vec!["retention.ms", "segment.bytes"]),
            },
            DescribeConfigsResource {
                resource_type: RESOURCE_TYPE_BROKER,
                resource_name: "1",
                configuration_keys: None,
            },
        ],
        include_synonyms: true,
        include_documentation: true,
    };
    for version in versions(ApiKey::DescribeConfigs) {
        let resource = request::DescribeConfigsResource::default;
        let mut theirs = theirs::DescribeConfigsRequest::default()
            .with_include_synonyms(true)
            .with_resources(vec![
                resource()
                    .with_resource_type(2)
                    .with_resource_name(text("flights"))
                    .with_configuration_keys(Some(vec![
                        text("retention.ms"),
                        text("segment.bytes"),
                    ])),
                resource()
                    .with_resource_type(4)
                    .with_resource_name(text("1"))
                    .with_configuration_keys(None),
            ]);
        if version >= 3 {
            theirs.include_documentation = true;
        }
        compare(version, &ours, &theirs);
    }
}

fn our_response() -> DescribeConfigsResponse<'static> {
    let config = DescribedConfig {
        name: "retention.ms".into(),
        value: Some("1000".into()),
        read_only: true,
        config_source: ConfigSource::DynamicTopic as i8,
        is_sensitive: true,
        synonyms: vec![ConfigSynonym {
            name: "log.retention.ms".into(),
            value: None,
            source: ConfigSource::Default as i8,
        }],
        config_type: ConfigType::Long as i8,
        documentation: Some("how long".into()),
    };
    DescribeConfigsResponse {
        throttle_time_ms: 11,
        results: vec![DescribeConfigsResult {
            error_code: ErrorCode::InvalidConfig,
            error_message: Some("what".into()),
            resource_type: RESOURCE_TYPE_TOPIC,
            resource_name: "flights".into(),
            configs: vec![config],
        }],
    }
}

#[test]
fn responses() {
    for version in versions(ApiKey::DescribeConfigs) {
        let mut config = response::DescribeConfigsResourceResult::default()
            .with_name(text("retention.ms"))
            .with_value(Some(text("1000")))
            .with_read_only(true)
            .with_config_source(1)
            .with_is_sensitive(true)
            .with_synonyms(vec![
                response::DescribeConfigsSynonym::default()
                    .with_name(text("log.retention.ms"))
                    .with_value(None)
                    .with_source(5),
            ]);
        if version >= 3 {
            config.config_type = 5;
            config.documentation = Some(text("how long"));
        }
        let theirs = theirs::DescribeConfigsResponse::default()
            .with_throttle_time_ms(11)
            .with_results(vec![
                response::DescribeConfigsResult::default()
                    .with_error_code(40)
                    .with_error_message(Some(text("what")))
                    .with_resource_type(2)
                    .with_resource_name(text("flights"))
                    .with_configs(vec![config]),
            ]);
        compare(version, &our_response(), &theirs);
    }
}

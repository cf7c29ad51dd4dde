"""The stack's parameters, and the conditions and rules on them."""

from infra.stack.intrinsics import Json, is_given

_RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]

FULL_ALARMS = "FullAlarms"
HAS_DASHBOARD = "HasDashboard"
HAS_WAF = "HasWaf"
RESERVES_API = "ReservesApi"
MEASURES_LAG = "MeasuresLag"
SERVES_PAGES = "ServesPages"
LIVE_UPDATES = "HasLiveUpdates"
# Hybrid apps have schemes of their own, such as capacitor://localhost.
_ORIGIN = r"[a-z][a-z0-9+.\-]*://[A-Za-z0-9.:\-]+"

PARAMETERS: dict[str, Json] = {
    "AllowedOrigin": {
        "Type": "String",
        "Default": "*",
        "AllowedPattern": rf"\*|{_ORIGIN}(,{_ORIGIN})*",
        "Description": "Origins of browser clients, for CORS, separated by commas; * allows any",
    },
    "ServePages": {
        "Type": "String",
        "Default": "yes",
        "AllowedValues": ["no", "yes"],
        "Description": "Whether the stage serves the pocket client (/app) and admin page (/admin)",
    },
    "LiveUpdates": {
        "Type": "String",
        "Default": "yes",
        "AllowedValues": ["no", "yes"],
        "Description": "Whether clients get changes over a WebSocket; no: they only poll",
    },
    "LogLevel": {
        "Type": "String",
        "Default": "INFO",
        # DEBUG is the same as INFO: stint has no such lines. Older stages may have the setting.
        "AllowedValues": ["DEBUG", "INFO", "WARN", "ERROR"],
        "Description": "Lowest level of stint's own log lines; libraries log only warnings",
    },
    "LogRetentionDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": _RETENTIONS,
        "Description": "Log retention, in days",
    },
    "RequestsPerSecond": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 1,
        "Description": "Rate limit of each method of a path, per second; more requests get 429",
    },
    "RequestBurst": {
        "Type": "Number",
        "Default": 200,
        "MinValue": 1,
        "Description": "Burst limit of each method of a path, above the rate",
    },
    "DeliveryConcurrency": {
        "Type": "Number",
        "Default": 2,
        "MinValue": 2,
        "MaxValue": 1000,
        "Description": "Delivery workers at the same time: a part of the account's concurrency",
    },
    "EventsAfter": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "Unix seconds: events of changes before it are not sent. Set by make deploy",
    },
    "AlarmSet": {
        "Type": "String",
        "Default": "basic",
        "AllowedValues": ["basic", "full"],
        "Description": "full: also alarms for each function and each table",
    },
    "CreateDashboard": {
        "Type": "String",
        "Default": "no",
        "AllowedValues": ["no", "yes"],
        "Description": "Whether the stage has a CloudWatch dashboard",
    },
    "RequestsPerToken": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 0,
        "Description": "Requests of one API token in 10 seconds, per instance of the API function; "
        "more requests get 429. 0: no limit",
    },
    "ApiConcurrency": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "MaxValue": 1000,
        "Description": "Concurrency that is reserved for the API function, and its limit. 0: none",
    },
    "CreateWaf": {
        "Type": "String",
        "Default": "no",
        "AllowedValues": ["no", "yes"],
        "Description": "Whether AWS WAF limits the requests of each token and address; $7 a month",
    },
    "WafRequestsPerToken": {
        "Type": "Number",
        "Default": 1000,
        "MinValue": 10,
        "MaxValue": 2_000_000_000,
        "Description": "CreateWaf=yes: requests of one API token in 60 seconds; more get 429",
    },
    "WafRequestsPerAddress": {
        "Type": "Number",
        "Default": 5000,
        "MinValue": 10,
        "MaxValue": 2_000_000_000,
        "Description": "CreateWaf=yes: requests of one IP address in 60 seconds; more get 429",
    },
    "IntercomToken": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:aws[a-z-]*:secretsmanager:\S+)?",
        "Description": "ARN of the secret with the Intercom access token. Empty: no Intercom",
    },
    "IntercomRegion": {
        "Type": "String",
        "Default": "us",
        "AllowedValues": ["us", "eu", "au"],
        "Description": "Region of the Intercom workspace",
    },
    "IntercomPerson": {
        "Type": "String",
        "Default": "user_id",
        "AllowedValues": ["user_id", "email"],
        "Description": "How Intercom identifies people: by the person's id or the e-mail address",
    },
    "WebhookKey": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:aws[a-z-]*:secretsmanager:\S+)?",
        "Description": "ARN of the key from which webhook secrets are derived. Empty: a new one",
    },
    "AlarmEmail": {
        "Type": "String",
        "Default": "",
        "Description": "E-mail address for alarms; AWS asks it to confirm. Empty: no e-mail",
    },
    "DomainName": {
        "Type": "String",
        "Default": "",
        "Description": "Custom domain of the API, such as api.example.com. Empty: none",
    },
    "CertificateArn": {
        "Type": "String",
        "Default": "",
        "Description": "ARN of the domain's certificate in AWS Certificate Manager, in this region",
    },
    "HostedZoneId": {
        "Type": "String",
        "Default": "",
        "Description": "Route 53 hosted zone of the domain. Empty: create the DNS record manually",
    },
}

CONDITIONS: dict[str, Json] = {
    FULL_ALARMS: {"Fn::Equals": [{"Ref": "AlarmSet"}, "full"]},
    HAS_DASHBOARD: {"Fn::Equals": [{"Ref": "CreateDashboard"}, "yes"]},
    HAS_WAF: {"Fn::Equals": [{"Ref": "CreateWaf"}, "yes"]},
    RESERVES_API: {"Fn::Not": [{"Fn::Equals": [{"Ref": "ApiConcurrency"}, "0"]}]},
    SERVES_PAGES: {"Fn::Equals": [{"Ref": "ServePages"}, "yes"]},
    LIVE_UPDATES: {"Fn::Equals": [{"Ref": "LiveUpdates"}, "yes"]},
    MEASURES_LAG: {"Fn::Or": [{"Condition": FULL_ALARMS}, {"Condition": HAS_DASHBOARD}]},
    "HasAlarmEmail": is_given("AlarmEmail"),
    "HasDomain": is_given("DomainName"),
    "HasIntercom": is_given("IntercomToken"),
    "MakesWebhookKey": {"Fn::Equals": [{"Ref": "WebhookKey"}, ""]},
    "HasZone": {"Fn::And": [is_given("DomainName"), is_given("HostedZoneId")]},
}

RULES: dict[str, Json] = {
    "DomainNeedsCertificate": {
        "RuleCondition": is_given("DomainName"),
        "Assertions": [
            {
                "Assert": is_given("CertificateArn"),
                "AssertDescription": "DomainName needs CertificateArn",
            }
        ],
    }
}

"""What whoever deploys may choose: the stack's parameters, and the conditions on them."""

from infra.stack.intrinsics import Json, is_given

_RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]

PARAMETERS: dict[str, Json] = {
    "AllowedOrigin": {
        "Type": "String",
        "Default": "*",
        # Goes between quotes of API Gateway's own: neither quotes nor spaces.
        "AllowedPattern": r"\*|https?://[A-Za-z0-9.:\-]+",
        "Description": "The origin that browsers may call from, or * for any",
    },
    "LogLevel": {
        "Type": "String",
        "Default": "INFO",
        "AllowedValues": ["DEBUG", "INFO", "WARN", "ERROR"],
        "Description": "The least level of the functions' own log lines",
    },
    "LogRetentionDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": _RETENTIONS,
        "Description": "How long logs are kept, in days",
    },
    "RequestsPerSecond": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 1,
        "Description": "Requests a second that the API takes in the long run; the rest gets 429",
    },
    "RequestBurst": {
        "Type": "Number",
        "Default": 200,
        "MinValue": 1,
        "Description": "Requests that the API takes at once, above the rate",
    },
    "IntercomToken": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:aws[a-z-]*:secretsmanager:\S+)?",
        "Description": "ARN of the Secrets Manager secret with Intercom's access token. Empty: off",
    },
    "IntercomRegion": {
        "Type": "String",
        "Default": "us",
        "AllowedValues": ["us", "eu", "au"],
        "Description": "Where the Intercom workspace is",
    },
    "IntercomPerson": {
        "Type": "String",
        "Default": "user_id",
        "AllowedValues": ["user_id", "email"],
        "Description": "What Intercom knows people by: our id of a person, or their e-mail address",
    },
    "WebhookKey": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": r"(arn:aws[a-z-]*:secretsmanager:\S+)?",
        "Description": "ARN of the secret that webhooks' secrets derive from. Empty: a new one",
    },
    "AlarmEmail": {
        "Type": "String",
        "Default": "",
        "Description": "Where alarms are sent; AWS asks that address to confirm. Empty: nowhere",
    },
    "DomainName": {
        "Type": "String",
        "Default": "",
        "Description": "A domain of your own for the API, such as api.example.com. Empty: none",
    },
    "CertificateArn": {
        "Type": "String",
        "Default": "",
        "Description": "The domain's certificate in AWS Certificate Manager, in this region",
    },
    "HostedZoneId": {
        "Type": "String",
        "Default": "",
        "Description": "The domain's Route 53 zone, to point it at the API. Empty: do so yourself",
    },
}

CONDITIONS: dict[str, Json] = {
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

"""Domain events: from changes of records to messages for webhooks and Intercom."""

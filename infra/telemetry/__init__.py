"""What work says about itself, to OpenTelemetry. The SDK is imported only where it is wanted."""

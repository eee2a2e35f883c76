"""Where traces and measures go. The names that OpenTelemetry gives them are its own."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings


class TelemetrySettings(BaseModel):
    """What OpenTelemetry has no name for."""

    google_login: bool = Field(
        default=False,
        description="Send with a token of this process's own account: telemetry.googleapis.com.",
    )
    flush_seconds: float = Field(
        default=1.0,
        gt=0,
        le=10,
        description="How long a function's answer waits until what it recorded is sent.",
    )


class OpenTelemetrySettings(BaseSettings):
    """OpenTelemetry's own. The SDK reads these from the environment itself; nothing is sent, and
    the SDK not even imported, unless an endpoint is named."""

    otel_exporter_otlp_endpoint: str = Field(
        default="", description="http(s)://host:port of what takes OTLP over HTTP."
    )
    otel_exporter_otlp_traces_endpoint: str = Field(
        default="", description="With its path, where traces go elsewhere."
    )
    otel_exporter_otlp_metrics_endpoint: str = Field(
        default="", description="With its path, where measures go elsewhere."
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        default=SecretStr(""), description="name=value,… sent along: a vendor's key."
    )
    otel_resource_attributes: str = Field(default="", description="name=value,… of this process.")
    otel_service_name: str = Field(default="", description="What this process is called.")
    otel_traces_sampler: str = Field(
        default="parentbased_always_on",
        description="parentbased_traceidratio, with its argument, keeps a part of the jobs.",
    )
    otel_traces_sampler_arg: str = Field(default="", description="The part, 0 to 1.")
    otel_sdk_disabled: bool = Field(default=False, description="On, nothing is recorded.")

    @property
    def sends_traces(self) -> bool:
        """Whether anybody takes them."""
        return self._sends(self.otel_exporter_otlp_traces_endpoint)

    @property
    def sends_metrics(self) -> bool:
        """Whether anybody takes them."""
        return self._sends(self.otel_exporter_otlp_metrics_endpoint)

    def _sends(self, own: str) -> bool:
        return not self.otel_sdk_disabled and bool(own or self.otel_exporter_otlp_endpoint)

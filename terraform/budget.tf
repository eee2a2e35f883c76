# Mail when a month costs more than was meant. It stops nothing. Off unless a billing account is named.

resource "google_project_service" "budget" {
  count = var.budget.billing_account == null ? 0 : 1

  service            = "billingbudgets.googleapis.com"
  disable_on_destroy = false
}

resource "google_billing_budget" "this" {
  count = var.budget.billing_account == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${var.prefix} in ${var.project}"

  budget_filter {
    projects               = ["projects/${data.google_project.this.number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "INCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.monthly)
    }
  }

  dynamic "threshold_rules" {
    for_each = { half = [0.5, "CURRENT_SPEND"], all = [1, "CURRENT_SPEND"], forecast = [1, "FORECASTED_SPEND"] }
    content {
      threshold_percent = threshold_rules.value[0]
      spend_basis       = threshold_rules.value[1]
    }
  }

  all_updates_rule {
    # Five are the most that a budget takes.
    monitoring_notification_channels = slice(local.channels, 0, min(5, length(local.channels)))
    enable_project_level_recipients  = true
  }

  depends_on = [google_project_service.budget]
}

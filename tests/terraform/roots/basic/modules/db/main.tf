variable "name" {}

variable "settings" {
  type    = any
  default = {}
}

locals {
  retention = try(var.settings.keep, null) != null ? var.settings.keep : 14
}

resource "terraform_data" "this" {
  input = {
    name      = var.name
    retention = local.retention
    settings  = var.settings
    where     = path.module
  }
}

module "inner" {
  source = "../inner"
  label  = var.name
  list   = tolist([var.name, local.retention])
}

output "label" {
  value = module.inner.all.label
}

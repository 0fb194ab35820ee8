variable "env" {
  type = string
}

variable "sizes" {
  type    = map(number)
  default = { small = 1, large = 8 }
}

variable "databases" {
  type = map(object({
    size    = number
    protect = optional(bool, true)
    keep    = optional(number)
    tags    = optional(map(string), {})
    replicas = optional(list(object({
      zone = string
      lag  = optional(number, 5)
    })), [])
  }))
}

variable "maybe" {
  type     = string
  default  = "fallback"
  nullable = false
}

variable "names" {
  type    = set(string)
  default = ["b", "a", "b"]
}

variable "pair" {
  type    = tuple([string, number])
  default = ["1", "2"]
}

variable "loose" {
  default = [1, "2", true]
}

variable "ordered" {
  type = list(string)
}

variable "secret" {
  type      = string
  sensitive = true
  default   = "hush"
}

variable "deep" {
  type = object({
    one = optional(object({
      two = optional(object({ three = optional(string, "deep") }), {})
      any = optional(any)
    }), {})
    list = optional(set(object({ a = string, b = optional(number, 1) })))
  })
  default = {}
}

locals {
  prefix = "${var.env}-shop"
  sizes  = { for name, size in var.sizes : name => size * 2 }
  busy   = [for name, database in var.databases : name if database.protect]
  same   = toset([for name, database in var.databases : database.size])
}

resource "terraform_data" "single" {
  input = {
    prefix  = local.prefix
    sizes   = local.sizes
    busy    = local.busy
    same    = local.same
    maybe   = var.maybe
    names   = var.names
    pair    = var.pair
    loose   = var.loose
    ordered = var.ordered
    deep    = var.deep
    path    = path.module
    joined  = join(",", sort(values({ for key, value in var.databases : key => upper(key) })))
  }
}

resource "terraform_data" "secret" {
  input = "${var.secret}-${length(var.secret)}"
}

resource "terraform_data" "counted" {
  count = var.env == "prod" ? 3 : 0
  input = "${local.prefix}-${count.index}"
}

resource "terraform_data" "never" {
  count = var.env == "prod" ? 0 : 1
  input = "never"
}

resource "terraform_data" "each_map" {
  for_each = var.databases
  input    = merge({ name = each.key, keep = coalesce(each.value.keep, 7) }, each.value)
}

resource "terraform_data" "each_set" {
  for_each = toset([for name in var.names : upper(name)])
  input    = { key = each.key, value = each.value }
}

resource "terraform_data" "refers" {
  input = {
    first = terraform_data.counted[0].input
    all   = terraform_data.counted[*].input
    keyed = { for key, one in terraform_data.each_set : key => one.input.value }
    one   = one(terraform_data.never[*].input)
  }
}

module "db" {
  source   = "./modules/db"
  for_each = { for name, database in var.databases : name => database if database.size > 1 }
  name     = "${local.prefix}-${each.key}"
  settings = each.value
}

module "twice" {
  source = "./modules/db"
  count  = 2
  name   = "twice-${count.index}"
}

module "bare" {
  source = "./modules/inner"
  label  = module.db["orders"].label
  list   = [for db in module.db : db.label]
}

resource "terraform_data" "outputs" {
  input = {
    labels = { for name, db in module.db : name => db.label }
    twice  = module.twice[*].label
    bare   = module.bare.all
    inner  = module.bare.all.list[0]
  }
}

moved {
  from = terraform_data.old
  to   = terraform_data.single
}

check "sane" {
  assert {
    condition     = length(var.databases) > 0
    error_message = "there is no database"
  }
}

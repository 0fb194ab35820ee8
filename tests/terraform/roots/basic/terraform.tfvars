env = "dev"
databases = {
  orders = { size = "10", keep = 30, replicas = [{ zone = "a" }, { zone = "b", lag = 1 }] }
  users  = { size = 5, protect = false, tags = { team = "core" } }
  tiny   = { size = 1 }
}
ordered = ["one", 2]
maybe   = null
deep    = { list = [{ a = "x" }, { a = "x", b = 1 }, { a = 2, b = "3" }] }

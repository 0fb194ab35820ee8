env   = "prod"
sizes = { small = 2, huge = "64" }

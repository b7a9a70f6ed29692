# All rules of tflint's own ruleset; make tflint reads it.
config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

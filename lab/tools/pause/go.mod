module linly-mesh/lab/tools/pause

go 1.26.0

module github.com/leat-ml/leat

go 1.26

package record

import "github.com/leat-ml/leat/serve"

// Rows are tensors as rows, which is what records have of every request and answer:
// a tensor alone is its rows. Of several with as many rows, each row has one value of
// each tensor, in their order; a tensor that has one value a row gives that value, any
// other a list. What has no rows in common is a list of the tensors. The result is
// for [oip.AppendValue].
func Rows(ts []*serve.Tensor) any {
	if len(ts) == 1 {
		return ts[0]
	}
	n, ok := commonRows(ts)
	if !ok {
		all := make([]any, len(ts))
		for i, t := range ts {
			all[i] = t
		}
		return all
	}
	rows := make([]any, n)
	for i := range rows {
		row := make([]any, len(ts))
		for j, t := range ts {
			row[j] = rowOf(t, i, n)
		}
		rows[i] = row
	}
	return rows
}

// commonRows is how many rows all of the tensors have.
func commonRows(ts []*serve.Tensor) (n int, ok bool) {
	for i, t := range ts {
		if len(t.Shape) == 0 || i > 0 && t.Shape[0] != n {
			return 0, false
		}
		n = t.Shape[0]
		if n > 0 && t.Len() == 0 {
			return 0, false // no values, and any number of rows of them
		}
	}
	return n, len(ts) > 0
}

// rowOf is row i of n of a tensor: a tensor of one dimension less, without any where
// it is one value.
func rowOf(t *serve.Tensor, i, n int) any {
	shape, each := t.Shape[1:], t.Len()/n
	if each == 1 {
		shape = []int{}
	}
	var row serve.Tensor
	var err error
	if t.Datatype == serve.Bytes {
		row, err = serve.MakeBytes("", shape, t.Strings()[i*each:(i+1)*each])
	} else {
		size := each * t.Datatype.Size()
		row, err = serve.MakeTensor("", t.Datatype, shape, t.Raw()[i*size:(i+1)*size])
	}
	if err != nil {
		return nil // it cannot be: the parts of a tensor are tensors
	}
	return &row
}

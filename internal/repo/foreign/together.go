package foreign

import "slices"

// Independent says whether requests of one client may be put to the model several at a
// time: they are put together, or kept in order by their sequences.
func (m *Model) Independent() bool {
	p := m.plan
	return p.Sequence != nil || p.Batch != nil && p.Batch.MaxRows > 1 || m.copies[0].Independent()
}

// checkTogether checks that requests to the loaded model can be put together, where
// the plan asks the model.
func (m *Model) checkTogether() error {
	p, d := m.plan, &m.desc
	if p.Wrong == nil || p.Batch == nil || p.Batch.MaxRows < 2 {
		return nil
	}
	if d.StreamsOnly {
		return p.Wrong("the model only streams, and such requests are not put together")
	}
	if err := m.copies[0].Together(); err != nil {
		return p.Wrong("%v", err)
	}
	if d.MaxBatch > 0 && p.Batch.MaxRows > d.MaxBatch {
		return p.Wrong("max_rows is %d, but the model takes at most %d rows", p.Batch.MaxRows, d.MaxBatch)
	}
	for _, s := range slices.Concat(d.Inputs, d.Outputs) {
		if s.Shape == nil {
			continue
		}
		if len(s.Shape) == 0 || s.Shape[0] >= 0 {
			return p.Wrong("%q has the shape %v in the model, which does not begin with any number of rows", s.Name, s.Shape)
		}
	}
	return nil
}

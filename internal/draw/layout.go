package draw

// A slot is a place in a column: of a box, or of an arrow that passes.
type slot struct {
	box, arrow int // one of them is -1
}

func (s slot) height() float64 {
	if s.box < 0 {
		return laneHeight
	}
	return boxHeight
}

// layout puts the boxes of one rank above each other, and the ranks side by
// side. An arrow over several ranks has a lane of its own in each between, from
// left to right, so that it does not lead through boxes.
func (p *picture) layout() (at []placed, lanes [][]placed, width, height float64) {
	at, lanes = make([]placed, len(p.boxes)), make([][]placed, len(p.arrows))
	columns := p.columns()
	for _, column := range columns {
		height = max(height, heightOf(column))
	}
	x := float64(margin)
	for _, column := range columns {
		w := float64(minWidth)
		for _, s := range column {
			if s.box >= 0 {
				w = max(w, boxWidth(p.boxes[s.box]))
			}
		}
		y := margin + (height-heightOf(column))/2
		for _, s := range column {
			if s.box >= 0 {
				at[s.box] = placed{x, y, w}
			} else {
				lanes[s.arrow] = append(lanes[s.arrow], placed{x, y, w})
			}
			y += s.height() + rowGap
		}
		x += w + columnGap
	}
	return at, lanes, max(x-columnGap+margin, 2*margin), height + 2*margin
}

// columns are the ranks, with the arrows that pass below the boxes.
func (p *picture) columns() [][]slot {
	rank := make([]int, len(p.boxes))
	var columns [][]slot
	for r, boxes := range p.ranks() {
		columns = append(columns, nil)
		for _, i := range boxes {
			rank[i] = r
			columns[r] = append(columns[r], slot{i, -1})
		}
	}
	for i, a := range p.arrows {
		for r := rank[a.from] + 1; r < rank[a.to]; r++ {
			columns[r] = append(columns[r], slot{-1, i})
		}
	}
	return columns
}

func heightOf(column []slot) float64 {
	h := -float64(rowGap)
	for _, s := range column {
		h += s.height() + rowGap
	}
	return max(0, h)
}

// Package shap computes the SHAP values of decision trees, the path-dependent
// ones that XGBoost and LightGBM compute: of a feature that a coalition does not
// know, both ways are taken, weighted by the training rows that took them
// (Lundberg et al., "Consistent Individualized Feature Attribution for Tree
// Ensembles", 2018).
//
// # Method
//
// The Shapley value of feature i is an integral over the chance t that any
// other feature is known (Owen, "Multilinear Extensions of Games", 1972). For
// one leaf of value v, a feature whose splits on the way there send the share z
// of the training rows to it, and send the row at hand there (o = 1) or not
// (o = 0), counts as g(t) = z (1 - t) + o t, and the leaf adds to feature i
//
//	v (o_i - z_i) ∫ Π g_j(t) dt, j over the other features on its path.
//
// The integrand is a polynomial in t, of a degree below the number d of the
// features on a path, so that Gauss-Legendre quadrature with d/2 points is
// exact; and as its factors are positive at the points, nothing cancels.
//
// For each point, one walk down the tree makes the products P of all paths and
// one walk up adds up the leaves, relative to the products above them, as U.
// At a split that sends the share r of the training rows the other way than the
// row at hand,
//
//	P_cold = a P      P_hot = P - a P      with a = r b
//	U = U_hot - a (U_hot - U_cold)
//	value of the feature += weight r c P (U_hot - U_cold)
//
// where b = 1 - t and c = 1. If the path above has splits by the same feature,
// which together send the share z of the rows here, then with g = z + (1 - z) t
// b = z (1 - t) / g and c = z / g², if the row at hand took the path at all of
// them; if not, b = 1 and c = 0.
//
// A row thus costs about eight multiplications and additions a split and point,
// whatever the depth.
package shap

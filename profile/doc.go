// Package profile says what the data is like that a model was trained on.
// [ReadCSV] and [ReadParquet] read a [Table]; [Table.Stats] are the statistics of
// its columns as MLRun writes them into a model artifact (get_df_stats in
// mlrun/data_types/infer.py), and [New] makes a [Profile], which has what drift is
// measured against beyond that.
package profile

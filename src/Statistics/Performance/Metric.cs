namespace Holdfast.Statistics.Performance;

/// <summary>One performance figure.</summary>
/// <param name="Value">In [0, 1]; NaN where it is not defined (precision without a positive prediction, recall or AUC without a positive label).</param>
/// <param name="Sd">Standard deviation that chance in the labels alone gives it, the scores held fixed; 0 for realised figures, NaN where undefined.</param>
public readonly record struct Metric(double Value, double Sd);

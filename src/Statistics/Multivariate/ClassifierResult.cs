using Holdfast.Statistics.Tests;

namespace Holdfast.Statistics.Multivariate;

/// <summary>The outcome of a classifier two-sample test.</summary>
/// <param name="Auc">AUC on rows the classifier had not seen, in [0, 1]; about 0.5 if nothing changed. NaN without enough rows.</param>
/// <param name="Accuracy">Share of those rows put on the right side at even odds, in [0, 1].</param>
/// <param name="HeldOutReference">Reference rows judged.</param>
/// <param name="HeldOutCurrent">Current rows judged.</param>
/// <param name="Test">One-sided z-test of AUC = 0.5 (<see cref="RocAuc.Test"/>).</param>
/// <param name="Coefficients">
/// For each column, the sum of |coefficient| of its terms, each term on the scale of its reference standard deviation; a product's coefficient is shared by its
/// two columns. For trees, the fall of the teaching loss by the column's splits. Mean over folds. Which columns tell the samples apart, given the others.
/// </param>
/// <param name="Importances">For each column, the fall of the held-out AUC when that column is shuffled among the held-out rows; about 0 or below if it says nothing. Mean over folds.</param>
public sealed record ClassifierResult(
    double Auc, double Accuracy, int HeldOutReference, int HeldOutCurrent, TestResult Test, double[] Coefficients, double[] Importances);

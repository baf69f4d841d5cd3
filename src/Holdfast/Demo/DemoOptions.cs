namespace Holdfast.Demo;

/// <param name="Seed">Seed of data and traffic; the same seed tells the same story.</param>
/// <param name="Drift">False: nothing changes, and nothing may fire.</param>
/// <param name="Genuine">True: in the fraud scenario the amounts really rise instead of being doubled by a broken interface.</param>
internal sealed record DemoOptions(int Seed, bool Drift, bool Genuine);

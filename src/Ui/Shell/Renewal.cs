namespace Holdfast.Ui.Shell;

/// <summary>
/// Lets a script of the page say that it changed something through the API: the page loads again at once, where no event would tell it.
/// </summary>
public sealed class Renewal
{
    /// <summary>Raised on the circuit's own thread.</summary>
    internal event Func<Task>? Asked;

    internal Task Ask() => Asked?.Invoke() ?? Task.CompletedTask;
}

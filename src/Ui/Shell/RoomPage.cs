using Holdfast.Contracts;
using Holdfast.Kernel;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;

namespace Holdfast.Ui.Shell;

/// <summary>
/// A page that shows one model: loaded when its address changes, handed from the pre-rendering to the circuit, and loaded
/// again when the Journal moves.
/// </summary>
public abstract class RoomPage<TModel> : ComponentBase, IDisposable
    where TModel : class
{
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);
    private readonly CancellationTokenSource _gone = new();
    private bool _taken;

    /// <summary>Who looks.</summary>
    [CascadingParameter]
    public Principal Principal { get; set; } = null!;

    [CascadingParameter(Name = "View")]
    private string View { get; set; } = "";

    [Inject]
    private PageHandover Handover { get; set; } = null!;

    [Inject]
    private Journal News { get; set; } = null!;

    [Inject]
    private Renewal Renewal { get; set; } = null!;

    [Inject]
    private IHttpContextAccessor Http { get; set; } = null!;

    [Inject]
    internal NavigationManager Navigation { get; set; } = null!;

    /// <summary>What the page shows; null until it is loaded for the first time.</summary>
    protected TModel? Model { get; private set; }

    /// <summary>Why it cannot be shown.</summary>
    protected HoldfastException? Problem { get; private set; }

    /// <summary>The longest time between two loads of an open page; null: the page does not change by itself.</summary>
    protected virtual TimeSpan? Renewed => TimeSpan.FromSeconds(10);

    /// <summary>Ends when what the page shows may have changed.</summary>
    protected virtual Task Changed(CancellationToken ct) => News.Next(ct);

    /// <summary>Asks the doors.</summary>
    protected abstract Task<TModel> Load(CancellationToken ct);

    /// <inheritdoc />
    protected override async Task OnParametersSetAsync()
    {
        if (!_taken && RendererInfo.IsInteractive && Handover.Take(View, GetType()) is TModel left)
        {
            _taken = true;
            Model = left;
            return;
        }

        _taken = true;
        await Renew();
        if (RendererInfo.IsInteractive)
        {
            return;
        }

        if (Model is not null)
        {
            Handover.Leave(View, GetType(), Model);
        }
        else if (Problem?.Code == ErrorCode.NotFound && Http.HttpContext is { Response.HasStarted: false } context)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    /// <inheritdoc />
    protected override void OnAfterRender(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        Renewal.Asked += RenewAsked;
        if (Renewed is { } longest)
        {
            _ = Watch(longest);
        }
    }

    private Task RenewAsked() => InvokeAsync(async () =>
    {
        await Renew();
        StateHasChanged();
    });

    /// <summary>Loads again, as after an action on the page.</summary>
    protected async Task Renew()
    {
        try
        {
            var model = await Load(_gone.Token);
            (Model, Problem) = (model, null);
        }
        catch (HoldfastException problem)
        {
            (Model, Problem) = (null, problem);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
        }
    }

    private async Task Watch(TimeSpan longest)
    {
        try
        {
            while (!_gone.IsCancellationRequested)
            {
                using var round = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
                await Task.WhenAny(Changed(round.Token), Task.Delay(longest, round.Token));
                await round.CancelAsync();
                // A busy stretch of the Journal is drawn once a second, not once an event.
                await Task.Delay(Calm, _gone.Token);
                await InvokeAsync(async () =>
                {
                    await Renew();
                    StateHasChanged();
                });
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (ObjectDisposedException)
        {
        }
#pragma warning disable CA1031 // A background loop's edge: the page's error boundary shows it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await DispatchExceptionAsync(error);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Renewal.Asked -= RenewAsked;
        _gone.Cancel();
        _gone.Dispose();
        GC.SuppressFinalize(this);
    }
}

//! Choosing recipients.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use campanile_hub_contract::HubClient;

use super::{ClientProxy, Many, Recipients, Single, Untyped};
use crate::SlowClientPolicy;
use crate::caller::Standing;
use crate::connection::Connection;
use crate::lifetime::{HubLifetimeManager, Target, names};

/// The clients of a hub, seen through the contract `C`. The counterpart of .NET's `IHubClients<T>`.
///
/// Every method gives a proxy on which the contract's methods can be called. Ids and groups that nobody has are no
/// error: then nobody is reached.
#[doc(alias = "IHubClients")]
pub struct HubClients<C: ?Sized> {
    lifetime: Arc<dyn HubLifetimeManager>,
    slow_client: Option<SlowClientPolicy>,
    contract: PhantomData<fn() -> C>,
}

impl<C: HubClient + ?Sized> HubClients<C> {
    pub(crate) fn new(lifetime: Arc<dyn HubLifetimeManager>) -> Self {
        Self {
            lifetime,
            slow_client: None,
            contract: PhantomData,
        }
    }

    fn proxy<R: Recipients>(&self, target: Target) -> C::Proxy<ClientProxy<R>> {
        ClientProxy::new(self.lifetime.clone(), target, self.slow_client).into()
    }

    /// Everyone connected to the hub.
    #[must_use]
    pub fn all(&self) -> C::Proxy<ClientProxy<Many>> {
        self.proxy(Target::All)
    }

    /// Everyone but these connections.
    #[must_use]
    pub fn all_except<I>(&self, connection_ids: I) -> C::Proxy<ClientProxy<Many>>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.proxy(Target::AllExcept(names(connection_ids)))
    }

    /// One connection.
    #[must_use]
    pub fn client(&self, connection_id: &str) -> C::Proxy<ClientProxy<Single>> {
        self.proxy(Target::Connection(connection_id.into()))
    }

    /// Several connections, each once.
    #[must_use]
    pub fn clients<I>(&self, connection_ids: I) -> C::Proxy<ClientProxy<Many>>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.proxy(Target::Connections(names(connection_ids)))
    }

    /// The members of a group.
    #[must_use]
    pub fn group(&self, group: &str) -> C::Proxy<ClientProxy<Many>> {
        self.proxy(Target::Group(group.into()))
    }

    /// The members of several groups. Who is in two of them is reached twice, as in ASP.NET Core.
    #[must_use]
    pub fn groups<I>(&self, groups: I) -> C::Proxy<ClientProxy<Many>>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.proxy(Target::Groups(names(groups)))
    }

    /// The members of a group but these connections.
    #[must_use]
    pub fn group_except<I>(&self, group: &str, connection_ids: I) -> C::Proxy<ClientProxy<Many>>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.proxy(Target::GroupExcept(group.into(), names(connection_ids)))
    }

    /// All connections of a user, by the [user identifier](crate::UserIdProvider). It is compared letter by letter.
    #[must_use]
    pub fn user(&self, user: &str) -> C::Proxy<ClientProxy<Many>> {
        self.proxy(Target::User(user.into()))
    }

    /// All connections of several users, each once.
    #[must_use]
    pub fn users<I>(&self, users: I) -> C::Proxy<ClientProxy<Many>>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.proxy(Target::Users(names(users)))
    }

    /// The same clients without the contract: methods by name.
    #[must_use]
    pub fn untyped(&self) -> HubClients<Untyped> {
        HubClients {
            lifetime: self.lifetime.clone(),
            slow_client: self.slow_client,
            contract: PhantomData,
        }
    }

    /// The same clients, for messages to which `policy` applies instead of the hub's
    /// [`slow_client`](crate::HubOptions::slow_client).
    ///
    /// ```
    /// # use campanile_hub::{Hub, HubContext, HubResult, SlowClientPolicy};
    /// # async fn example<H: Hub>(context: HubContext<H>) -> HubResult<()> {
    /// let clients = context.clients().slow_client(SlowClientPolicy::KeepNewest);
    /// clients.untyped().all().send("ShowPrice", (17,)).await
    /// # }
    /// ```
    #[must_use]
    pub fn slow_client(&self, policy: SlowClientPolicy) -> Self {
        Self {
            slow_client: Some(policy),
            ..self.clone()
        }
    }
}

impl<C: ?Sized> Clone for HubClients<C> {
    fn clone(&self) -> Self {
        Self {
            lifetime: self.lifetime.clone(),
            slow_client: self.slow_client,
            contract: PhantomData,
        }
    }
}

impl<C: ?Sized> fmt::Debug for HubClients<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HubClients").finish_non_exhaustive()
    }
}

/// The clients of a hub as one of them sees them: [`HubClients`], and who they are to the caller.
///
/// The counterpart of .NET's `IHubCallerClients<T>`.
#[doc(alias = "IHubCallerClients")]
pub struct CallerClients<C: ?Sized> {
    clients: HubClients<C>,
    caller: Arc<Connection>,
    standing: Standing,
}

impl<C: HubClient + ?Sized> CallerClients<C> {
    pub(crate) fn new(
        lifetime: Arc<dyn HubLifetimeManager>,
        caller: Arc<Connection>,
        standing: Standing,
    ) -> Self {
        Self {
            clients: HubClients::new(lifetime),
            caller,
            standing,
        }
    }

    /// The caller.
    #[must_use]
    pub fn caller(&self) -> C::Proxy<ClientProxy<Single>> {
        self.client(&self.caller.id)
    }

    /// One connection. Asking it lets the caller's next invocation begin.
    #[must_use]
    pub fn client(&self, connection_id: &str) -> C::Proxy<ClientProxy<Single>> {
        let target = Target::Connection(connection_id.into());
        let clients = &self.clients;
        let proxy = ClientProxy::new(clients.lifetime.clone(), target, clients.slow_client);
        proxy.asked_by(self.caller.clone(), self.standing).into()
    }

    /// Everyone but the caller.
    #[must_use]
    pub fn others(&self) -> C::Proxy<ClientProxy<Many>> {
        self.all_except([&self.caller.id])
    }

    /// The members of a group but the caller, who need not be in it.
    #[must_use]
    pub fn others_in_group(&self, group: &str) -> C::Proxy<ClientProxy<Many>> {
        self.group_except(group, [&self.caller.id])
    }

    /// The same clients without the contract: methods by name.
    #[must_use]
    pub fn untyped(&self) -> CallerClients<Untyped> {
        CallerClients {
            clients: self.clients.untyped(),
            caller: self.caller.clone(),
            standing: self.standing,
        }
    }

    /// The same clients, for messages to which `policy` applies: see [`HubClients::slow_client`].
    #[must_use]
    pub fn slow_client(&self, policy: SlowClientPolicy) -> Self {
        Self {
            clients: self.clients.slow_client(policy),
            caller: self.caller.clone(),
            standing: self.standing,
        }
    }
}

impl<C: ?Sized> Deref for CallerClients<C> {
    type Target = HubClients<C>;

    fn deref(&self) -> &Self::Target {
        &self.clients
    }
}

impl<C: ?Sized> fmt::Debug for CallerClients<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallerClients")
            .field("caller", &self.caller.id)
            .finish_non_exhaustive()
    }
}

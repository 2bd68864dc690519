"""Names to addresses, once, with the private ones taken out: what was checked is what is connected to.

name ─ system resolver ─► addresses ─ boundary.refuse_ip ─► connection
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.interfaces import IHostnameResolver, IResolutionReceiver
from zope.interface import implementer  # type: ignore[import-untyped]

from crawlers.boundary import refuse_ip


@implementer(IHostnameResolver)
class GuardedResolver:
    """Passes public addresses on, and those of loopback for the names in `loopback` only."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.loopback: frozenset[str] = frozenset()
        self.refused: set[str] = set()

    @classmethod
    def install(cls) -> GuardedResolver:
        """Put a guard before the running reactor's resolver, in place of an earlier one."""
        from twisted.internet import reactor

        present: Any = reactor.nameResolver
        guard = cls(present._inner if isinstance(present, cls) else present)
        reactor.installNameResolver(guard)
        return guard

    def resolveHostName(  # the name is twisted's
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[Any]] | None = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Resolve `hostName`; the receiver gets the addresses that may be connected to."""
        guarded = _Guarded(resolutionReceiver, self, hostName)
        return self._inner.resolveHostName(guarded, hostName, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Guarded:
    def __init__(self, receiver: Any, guard: GuardedResolver, name: str) -> None:
        self._receiver = receiver
        self._guard = guard
        self._name = name

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        self._guard.refused.discard(self._name)
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: Any) -> None:
        if refuse_ip(address.host, self._name in self._guard.loopback):
            self._guard.refused.add(self._name)
        else:
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        self._receiver.resolutionComplete()
